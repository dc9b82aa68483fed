//! `explain`: the story of one contact, with all that was sent and all that came back.

use std::fmt;

use serde_json::{Value, json};

use super::{
    count,
    leads::{remarks, warnings},
    locale::Locale,
    plain, said, table, text,
};
use crate::{
    config::Config,
    domain::LeadState,
    ledger::explain::{Delivered, Missing, Step, Story, Told, Waits},
};

/// The story of one contact.
#[derive(Clone)]
pub struct Explain {
    story: Story,
    locale: Locale,
}

impl fmt::Debug for Explain {
    /// Shows the id only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.story.fmt(f)
    }
}

impl Explain {
    /// The story to be shown.
    pub fn new(story: Story, config: &Config) -> Self {
        Self { story, locale: Locale::of(config) }
    }

    /// The document of the contract.
    pub fn json(&self) -> Value {
        let Story { contact, email, observations, left_out, .. } = &self.story;
        let deliveries: Value =
            self.story.deliveries.iter().map(|it| self.delivery_json(it)).collect();
        let leads: Value = self.story.leads.iter().map(|it| self.lead_json(it)).collect();
        let hints: Value = self.story.hints.iter().map(|it| self.waits_json(it)).collect();
        let missing: Value = self.story.missing.iter().map(|it| self.missing_json(it)).collect();
        json!({
            "contact": contact,
            "email": email,
            "deliveries": deliveries,
            "leads": leads,
            "observations": observations,
            "deliveries_left_out": left_out,
            "waits": hints,
            "missing": missing,
        })
    }

    fn delivery_json(&self, it: &Delivered) -> Value {
        json!({
            "receipt": it.id.to_string(),
            "route": it.route,
            "received_at": self.locale.json(it.received_at),
            "fate": it.fate,
            "lead": it.lead,
            "reason": it.reason,
        })
    }

    fn lead_json(&self, told: &Told) -> Value {
        let it = &told.lead;
        json!({
            "lead": it.key,
            "route": it.route,
            "enrollment": it.enrollment,
            "found_by": it.found_by,
            "state": it.state,
            "company": it.company,
            "person": it.person,
            "deal": it.deal,
            "steps": told.steps.iter().map(|it| self.step_json(it)).collect::<Value>(),
            "contact": it.contact,
            "reason": it.reason,
            "review": it.review,
            "warnings": warnings(it).collect::<Value>(),
            "entered_at": self.locale.json_of(it.entered_at),
            "found_at": self.locale.json(it.found_at),
            "updated_at": self.locale.json(it.updated_at),
            "waits": told.waits.as_ref().map(|it| self.waits_json(it)),
        })
    }

    fn step_json(&self, it: &Step) -> Value {
        json!({
            "step": it.kind,
            "action": it.action,
            "reason": it.reason,
            "request": it.request,
            "status": it.status,
            "id": it.record,
            "at": self.locale.json_of(it.at),
            "state": it.state,
            "answer": it.answer,
            "ended_at": self.locale.json_of(it.ended_at),
            "looks": it.looks,
        })
    }

    fn waits_json(&self, it: &Waits) -> Value {
        json!({
            "route": it.route,
            "lane": it.lane,
            "due_at": self.locale.json(it.due_at),
            "attempts": it.attempts,
            "reason": it.reason,
        })
    }

    fn missing_json(&self, it: &Missing) -> Value {
        json!({
            "run": it.run.0.to_string(),
            "route": it.route,
            "enrolled_at": self.locale.json_of(it.entered_at),
            "found_at": self.locale.json(it.found_at),
        })
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let Story { contact, email, observations, .. } = &self.story;
        let email = email.as_ref().map(|it| format!(", {}", plain(it))).unwrap_or_default();
        let seen = count(*observations, "version", "versions");
        let mut parts = vec![format!("contact {contact}{email}; {seen} of it seen")];
        for waits in &self.story.hints {
            parts.push(format!("waits to be looked at on {}", self.waits(waits)));
        }
        for it in &self.story.missing {
            let (route, run, at) = (&it.route, it.run.0, self.locale.text(it.found_at));
            parts.push(format!(
                "found missing on {route} by run {run}, {at}, and not brought in; \
                 `ponte reconcile --mode repair` does"
            ));
        }
        if !self.story.deliveries.is_empty() {
            parts.extend([String::new(), self.deliveries()]);
        }
        if self.story.left_out > 0 {
            parts.push(format!("and {} before these", self.story.left_out));
        }
        for told in &self.story.leads {
            parts.push(String::new());
            parts.extend(self.lead(told));
            for (number, step) in (1..).zip(&told.steps) {
                parts.extend(self.step(number, step));
            }
        }
        text(&parts)
    }

    fn deliveries(&self) -> String {
        let cells = self.story.deliveries.iter().map(|it| {
            vec![
                it.id.to_string(),
                self.locale.text(it.received_at),
                it.route.clone(),
                it.fate.to_string(),
                it.lead.clone().unwrap_or_default(),
                it.reason.clone().unwrap_or_default(),
            ]
        });
        table(&["receipt", "received", "route", "fate", "lead", "why"], cells)
    }

    /// The lines about a lead itself.
    fn lead(&self, told: &Told) -> Vec<String> {
        let lead = &told.lead;
        let why = match remarks(lead) {
            none if none.is_empty() => none,
            remarks => format!(" ({})", plain(&remarks)),
        };
        let entered = lead.entered_at.map(|at| format!("entered {}, ", self.locale.text(at)));
        let entered = entered.unwrap_or_default();
        let found_at = self.locale.text(lead.found_at);
        let mut lines = vec![
            format!("lead {}: {}{why}", lead.key, said(lead.state)),
            format!("  {entered}found by {} {found_at}", lead.found_by),
        ];
        let contact = |id| self.locale.contact(id);
        let records = [
            ("company", lead.company.map(contact)),
            ("person", lead.person.map(contact)),
            ("deal", lead.deal.map(|id| self.locale.deal(id))),
        ];
        for (name, record) in records {
            lines.extend(record.map(|record| format!("  {name} {record}")));
        }
        if let Some(waits) = &told.waits {
            lines.push(format!("  waits in the queue of {}", self.waits(waits)));
        }
        if lead.state == LeadState::Failed {
            lines.push(format!("  waits for a person: `ponte retry {}` tries again", lead.key));
        }
        lines
    }

    /// The lines about a step.
    fn step(&self, number: usize, step: &Step) -> Vec<String> {
        let Step { kind, action, reason, state, .. } = step;
        let at = self.locale.text_of(step.at);
        let record = step.record.map(|id| format!(" {id}")).unwrap_or_default();
        let state = state.replace('_', " ");
        let how = match (state.as_str(), step.looks) {
            // A decision is done as it is made.
            ("done", _) => String::new(),
            (state, 0) => format!(", {state}"),
            (state, looks) => format!(", {state}, looked for {}", count(looks, "time", "times")),
        };
        let reason = plain(reason);
        let mut lines = vec![format!("  {number}. {at}  {action} {kind}{record}{how}: {reason}")];
        match &step.request {
            Some(request) => lines.push(format!("     sent      {}", words(request))),
            None if ["create", "update"].contains(&action.as_str()) => {
                lines.push("     sent      what was erased since".to_owned());
            }
            None => {}
        }
        let status = step.status.map(|it| it.to_string());
        let answer = step.answer.as_ref().map(words);
        let came: Vec<String> = status.into_iter().chain(answer).collect();
        if !came.is_empty() {
            lines.push(format!("     answered  {}", came.join(" ")));
        }
        lines
    }

    fn waits(&self, it: &Waits) -> String {
        let attempts = match it.attempts {
            0 => String::new(),
            number => format!(", failed {}", count(number, "time", "times")),
        };
        let reason = it.reason.as_ref().map(|it| format!(": {}", plain(it))).unwrap_or_default();
        let due = self.locale.text(it.due_at);
        format!("{}, lane {}, due {due}{attempts}{reason}", it.route, it.lane.as_str())
    }
}

/// What was said, on one line: a text as it is, all else as JSON.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        // JSON escapes what a terminal would obey, but for the few controls beyond ASCII.
        other => plain(&other.to_string()),
    }
}
