//! What the demo tells: what was lost, what was found, what Ploomes refused, how it ended.
//!
//! On a terminal with colour and a bar; in a pipe as plain lines. With `--json` the lines go to
//! stderr, so that stdout holds one document.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stage::{End, Stage};
use crate::{
    domain::{EnrollmentId, FoundBy, LeadState, RecordId},
    ledger::{
        audit::Outcome,
        leads::{self, Listed},
    },
};

/// Leads that are looked at: more than a demo of an hour makes.
const LEADS_MAX: u32 = 100_000;

/// The colours of words; empty where there is no terminal.
#[derive(Clone, Copy)]
struct Paint {
    plain: bool,
}

impl Paint {
    fn word(self, code: &str, word: &str) -> String {
        if self.plain { format!("{word:<9}") } else { format!("\x1b[{code}m{word:<9}\x1b[0m") }
    }

    fn strong(self, text: &str) -> String {
        if self.plain { text.to_owned() } else { format!("\x1b[1m{text}\x1b[0m") }
    }
}

/// Tells the audience.
pub(super) struct Show<'a> {
    stage: &'a Stage,
    whole: Duration,
    /// stdout, or stderr where stdout is for JSON.
    to_stderr: bool,
    paint: Paint,
    bar: Option<ProgressBar>,
    told_lost: BTreeSet<EnrollmentId>,
    told: BTreeMap<String, LeadState>,
    told_refused: usize,
    told_records: bool,
}

impl<'a> Show<'a> {
    pub(super) fn new(stage: &'a Stage, whole: Duration, to_stderr: bool) -> Self {
        let terminal = if to_stderr {
            std::io::stderr().is_terminal()
        } else {
            std::io::stdout().is_terminal()
        };
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        let bar = terminal.then(|| {
            let target =
                if to_stderr { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::stdout() };
            let bar = ProgressBar::with_draw_target(Some(millis(whole)), target);
            let style = ProgressStyle::with_template("  {bar:32.green} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self {
            stage,
            whole,
            to_stderr,
            paint: Paint { plain: !colour },
            bar,
            told_lost: BTreeSet::new(),
            told: BTreeMap::new(),
            told_refused: 0,
            told_records: false,
        }
    }

    /// Says what this is, and where the page is.
    pub(super) fn opening(&self) {
        self.say(&self.paint.strong("ponte demo"));
        self.say("ActiveCampaign and Ploomes are simulated in this process; nothing leaves it.");
        self.say("People enter two automations. One webhook in four gets lost on its way, some");
        self.say(
            "come twice. ActiveCampaign sends none again; a poll every 3 s finds what is missing.",
        );
        self.say("");
        self.say(&format!("the page: {}  (open while the demo runs)", self.stage.page()));
        self.say("");
    }

    /// Tells what is new.
    pub(super) async fn look(&mut self, passed: Duration) -> anyhow::Result<()> {
        for lost in self.stage.lost() {
            if self.told_lost.insert(lost) {
                let what = format!("the webhook of enrollment {lost} never arrived");
                self.tell(passed, "31", "lost", &what);
            }
        }
        let refused = self.stage.refused();
        if refused > self.told_refused {
            self.told_refused = refused;
            let what = "Ploomes answered 429: a pause of 2 s, then half the pace";
            self.tell(passed, "33", "limited", what);
        }
        let rows =
            self.stage.ledger().read(|conn| leads::list(conn, None, None, Some(LEADS_MAX))).await?;
        for lead in rows.iter().rev() {
            self.tell_lead(passed, lead);
        }
        self.advance(passed, &rows);
        Ok(())
    }

    /// Tells a lead that has come to where it was not yet.
    fn tell_lead(&mut self, passed: Duration, lead: &Listed) {
        let before = self.told.insert(lead.key.clone(), lead.state);
        let missed = lead.found_by != FoundBy::Webhook;
        let late = lead.entered_at.map_or_else(String::new, |at| {
            format!("{:.1} s", (lead.updated_at - at).as_seconds_f64())
        });
        if missed && before.is_none() {
            let what = format!("{} by the poll: its webhook never came", lead.key);
            self.tell(passed, "36", "found", &what);
        }
        if before == Some(lead.state) {
            return;
        }
        match (lead.state, missed) {
            (LeadState::Done, true) => {
                let what = format!(
                    "{} is in Ploomes, {late} after it entered: {}",
                    lead.key,
                    records(lead)
                );
                self.tell(passed, "32", "repaired", &what);
            }
            (LeadState::Done, false) if !self.told_records => {
                self.told_records = true;
                let what = format!(
                    "{} is in Ploomes, {late} after it entered: {}",
                    lead.key,
                    records(lead)
                );
                self.tell(passed, "32", "written", &what);
            }
            (LeadState::Skipped, _) => {
                let why = lead.reason.as_deref().unwrap_or_default();
                let what = format!("{} gets no deal: {why}", lead.key);
                self.tell(passed, "34", "skipped", &what);
            }
            (LeadState::Failed, _) => {
                let why = lead.reason.as_deref().unwrap_or_default();
                self.tell(passed, "31", "failed", &format!("{}: {why}", lead.key));
            }
            _ => {}
        }
    }

    fn advance(&self, passed: Duration, leads: &[Listed]) {
        let Some(bar) = &self.bar else { return };
        let of = |state| leads.iter().filter(|it| it.state == state).count();
        bar.set_position(millis(passed.min(self.whole)));
        let settled = of(LeadState::Done) + of(LeadState::Skipped);
        bar.set_message(format!("{} leads, {settled} settled", leads.len()));
    }

    /// Says how it ended.
    pub(super) fn ending(&self, end: &End, audit: &Outcome) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let [persons, companies, deals] = end.made;
        self.say("");
        self.say(&format!(
            "{} entered, {} leads: {} written, {} without a deal (the person has an open one)",
            end.entered,
            end.leads,
            end.settled - end.skipped,
            end.skipped
        ));
        self.say(&format!(
            "{} webhooks lost, {} leads found without one, {} of them settled",
            end.webhooks_lost, end.missed_found, end.repaired
        ));
        let doubles = match self.stage.doubles() {
            0 => "nobody twice".to_owned(),
            more => format!("{more} TWICE"),
        };
        self.say(&format!(
            "in Ploomes: {persons} persons, {companies} companies, {deals} deals; {doubles}"
        ));
        let chain = if audit.ok() { "whole" } else { "BROKEN" };
        self.say(&self.paint.strong(&format!(
            "balance {}, hash chain of {} rows {chain}",
            end.balance, audit.length
        )));
        if !end.is_settled() {
            self.say(
                "Not everything was settled in time: a longer demo is `ponte demo --seconds 40`.",
            );
        }
        self.say("");
        self.say("Next: `ponte setup` asks for what is needed and writes config.toml.");
    }

    fn tell(&self, passed: Duration, code: &str, word: &str, what: &str) {
        let word = self.paint.word(code, word);
        self.say(&format!("{:5.1} s  {word} {what}", passed.as_secs_f64()));
    }

    fn say(&self, line: &str) {
        match &self.bar {
            // A bar that is drawn elsewhere would be torn by a line between.
            Some(bar) => bar.suspend(|| self.write(line)),
            None => self.write(line),
        }
    }

    fn write(&self, line: &str) {
        // A reader that went away is not an error.
        let _ = if self.to_stderr {
            writeln!(std::io::stderr().lock(), "{line}")
        } else {
            writeln!(std::io::stdout().lock(), "{line}")
        };
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The records of a lead.
fn records(lead: &Listed) -> String {
    let named = |name: &str, record: Option<RecordId>| record.map(|id| format!("{name} {id}"));
    let all =
        [named("company", lead.company), named("person", lead.person), named("deal", lead.deal)];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
