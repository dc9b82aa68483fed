//! Polls and reconciliations: partial, late, with more than may be repaired, with doubles.

use chrono::TimeDelta;
use serde_json::Value;

use super::{Cause, Causes, Event, Snapshot, counted};
use crate::{
    engine::{alerts::snapshot::RunSigns, scheduler::next_due},
    ledger::run::{Kind, Outcome},
};

/// How much later than due a run may start at most, however seldom it is due: a night without a
/// reconciliation is told before the next.
const LATE_AFTER_MAX: TimeDelta = TimeDelta::hours(1);

pub(super) fn add(snapshot: &Snapshot, causes: &mut Causes) {
    for runs in [&snapshot.polls, &snapshot.reconciliations] {
        partial(snapshot, runs, causes);
        late(snapshot, runs, causes);
    }
    let detail = snapshot.reconciliations.detail();
    too_many(snapshot, &detail, causes);
    doubles(snapshot, &detail, causes);
}

/// Whether the run found more than it may repair.
pub(super) fn is_over(detail: &Value) -> bool {
    detail["over_max_repairs"] == true
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Poll => "poll",
        Kind::Reconcile => "reconciliation",
    }
}

fn partial(snapshot: &Snapshot, runs: &RunSigns, causes: &mut Causes) {
    let Some(run) = runs.ended.as_ref().filter(|run| run.outcome == Outcome::Partial) else {
        return;
    };
    let text = format!(
        "The last {}, which ended at {}, could not read everything. Nothing is lost: the next one \
         reads it again. `ponte status` says why.",
        name(runs.kind),
        snapshot.clock_time(run.at)
    );
    let cause = Cause::new(Event::PartialRun, name(runs.kind), run.at, text);
    causes.add(cause.found_by(Some(run.run)));
}

/// A run that should have started: more than twice its interval ago, or an hour.
fn late(snapshot: &Snapshot, runs: &RunSigns, causes: &mut Causes) {
    let (now, zone) = (snapshot.now, snapshot.zone);
    let last = runs.started.map(|it| it.at);
    // A clock that was stepped back makes nothing late.
    let from = last.map_or(snapshot.awake_since, |last| last.max(snapshot.awake_since)).min(now);
    let Some(due) = next_due(&runs.cron, zone, from) else { return };
    let interval = next_due(&runs.cron, zone, due).map_or(LATE_AFTER_MAX, |next| next - due);
    if now <= due + (interval * 2).min(LATE_AFTER_MAX) {
        return;
    }
    let last = match runs.started {
        None => "there never was one".to_owned(),
        Some(it) if it.is_running => {
            format!("the one of {} still runs", snapshot.clock_time(it.at))
        }
        Some(it) => format!("the last one began at {}", snapshot.clock_time(it.at)),
    };
    let text = format!(
        "A {} was due at {} and has not begun: {last}. Leads whose webhook was lost are not found \
         meanwhile. The log of ponte says what holds it up.",
        name(runs.kind),
        snapshot.clock_time(due)
    );
    let cause = Cause::new(Event::LateRun, name(runs.kind), due, text);
    causes.add(cause.found_by(runs.started.map(|it| it.run)));
}

fn too_many(snapshot: &Snapshot, detail: &Value, causes: &mut Causes) {
    let Some(run) = snapshot.reconciliations.ended.as_ref().filter(|_| is_over(detail)) else {
        return;
    };
    let routes = detail["routes"].as_array().into_iter().flatten();
    let sum = |class: &str| routes.clone().filter_map(|route| route[class].as_i64()).sum();
    let (missed, stale): (i64, i64) = (sum("missed"), sum("stale"));
    let text = format!(
        "The last reconciliation found {} without a webhook and {stale} out of date. One of them is \
         more than it may repair (`reconcile.max_repairs`), and was left as it is. Look at `ponte \
         report`; if they are right, `ponte reconcile --all` brings them in.",
        counted(missed, "lead")
    );
    let cause = Cause::new(Event::MaxRepairs, "", run.at, text);
    causes.add(cause.counting(missed + stale, &[]).found_by(Some(run.run)));
}

fn doubles(snapshot: &Snapshot, detail: &Value, causes: &mut Causes) {
    let Some(run) = &snapshot.reconciliations.ended else { return };
    let drift = detail["drift"].as_array().into_iter().flatten();
    let doubles: Vec<&Value> = drift.filter(|it| it["kind"] == "duplicated").collect();
    let Ok(count @ 1..) = i64::try_from(doubles.len()) else { return };
    let mut leads: Vec<String> =
        doubles.iter().filter_map(|it| it["lead"].as_str()).map(str::to_owned).collect();
    leads.dedup();
    let text = format!(
        "{} made by ponte in Ploomes twice. `ponte report` names both; delete the younger one.",
        match count {
            1 => "1 record was".to_owned(),
            count => format!("{count} records were"),
        }
    );
    let cause = Cause::new(Event::DuplicateFound, "", run.at, text);
    causes.add(cause.counting(count, &leads).found_by(Some(run.run)));
}
