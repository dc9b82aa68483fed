//! The document of the contract, and what else is known.

use serde_json::{Value, json};

use super::{Reconciliation, late};
use crate::ledger::{
    audit::hex,
    report::{Missed, RouteCounts, Witness},
};

impl Reconciliation {
    /// The document of the contract.
    pub fn json(&self) -> Value {
        let run = &self.run;
        let missed =
            |rows: &[Missed]| rows.iter().map(|it| self.missed_json(it)).collect::<Value>();
        json!({
            "run": run.id.0.to_string(),
            "outcome": run.outcome.as_str(),
            "mode": run.mode,
            "started": self.locale.json(run.started),
            "finished": self.locale.json_of(run.finished),
            "routes": run.detail.routes.iter().map(route_json).collect::<Value>(),
            "missed": missed(&run.missed),
            "found_by_poll": missed(&run.found_by_poll),
            "drift": run.detail.drift,
            "witness": run.detail.witness.iter().map(witness_json).collect::<Value>(),
            "reason": run.reason,
            "contacts": run.detail.contacts,
            "left": run.detail.left,
            "over_max_repairs": run.detail.over_max_repairs,
            "head": hex(&run.head),
        })
    }

    fn missed_json(&self, it: &Missed) -> Value {
        json!({
            "route": it.route,
            "contact": it.contact,
            "email": it.email,
            "enrollment": it.enrollment,
            "enrolled_at": self.locale.json_of(it.enrolled_at),
            "found_at": self.locale.json(it.found_at),
            "recovered_at": self.locale.json_of(it.recovered_at),
            "lead": it.lead,
            "deal": it.deal,
            "company": it.company,
            "person": it.person,
            "found_by": it.found_by,
            "state": it.state,
            "reason": it.reason,
            "late_s": late(it).map(|it| it.num_seconds()),
            "webhook_at": self.locale.json_of(it.webhook_at),
            "url": self.record(it).and_then(|it| it.url),
        })
    }
}

fn route_json(it: &RouteCounts) -> Value {
    json!({
        "route": it.route,
        "expected": it.expected,
        "received": it.received,
        "without_webhook": it.without_webhook,
        "waiting": it.waiting,
        "missed": it.missed,
        "recovered": it.recovered,
        "stale": it.stale,
        "excluded": it.excluded,
        "failed": it.failed,
        "gone": it.gone,
    })
}

fn witness_json(it: &Witness) -> Value {
    json!({
        "route": it.route,
        "automation_entered": it.automation_entered,
        "enrollments_read": it.enrollments_read,
    })
}
