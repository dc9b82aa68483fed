//! The Ploomes side of a reconciliation: which records no longer are what was written.
//!
//! All records of the ledger are looked at while that takes few calls; beyond, what changed since
//! the last run and a part of the rest, in the lowest lane. Deleted, doubled and unknown records
//! are reported by each run while they last, an edit by the run that first sees it. Nothing is
//! written to Ploomes here: what is to be made again is asked of the worker. What was found is kept
//! in the ledger together with the run's own report, so that no crash loses an edit between the two.

mod records;
mod repair;
mod startup;
mod strays;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::startup::name_orphans;
use self::{records::Shown, strays::Member};
use super::{
    observe::ObserveError,
    poll::wait_or_fail,
    shared::{Shared, log_call},
};
use crate::{
    domain::{Lane, RecordId, RouteId},
    ledger::{
        Hash, LedgerError, Tx,
        drift::{self, Entity, Kind, Remembered},
        meta,
        run::RunId,
    },
    planner::StepKind,
    transport::CallError,
};

/// Everything that is read here can wait.
const LANE: Lane = Lane::Backfill;

/// Records that are all looked at by each run: 20 calls.
const WHOLE_MAX: usize = 6_000;
/// Records of the rest that one run looks at, of a larger ledger: half of those calls.
const PART_MAX: usize = 3_000;
/// Findings of earlier runs that are looked at again: ten calls.
const REMEMBERED_MAX: i64 = 3_000;
/// How far before the last run is looked again: clocks differ, and a record may show late. Minutes
/// were never reported, an hour is safe.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// What is looked at, and what for.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The run whose report it goes into.
    pub(super) run: RunId,
    /// When that began.
    pub(super) started: DateTime<Utc>,
    /// Only the records of this route.
    pub(super) route: Option<RouteId>,
    /// Nothing of ours is older than this.
    pub(super) since: DateTime<Utc>,
    /// Whether what an open deal needs is made again.
    pub(super) repair: bool,
    /// Also more than `max_repairs`.
    pub(super) all: bool,
}

/// A record that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Finding {
    /// The lead that holds it, or its older twin; an orphan has none.
    pub(super) lead: Option<String>,
    /// Company, person or deal.
    pub(super) record: StepKind,
    /// Its id in Ploomes.
    pub(super) id: RecordId,
    /// What is wrong.
    pub(super) kind: Kind,
}

/// What a look came to.
#[derive(Debug, Default)]
pub(super) struct Drift {
    /// What was found.
    pub(super) findings: Vec<Finding>,
    /// Why not everything was read, if so.
    pub(super) doubts: Vec<String>,
    /// Whether more was to be made again than a run may.
    pub(super) over: bool,
    /// What the next run goes by.
    pub(super) memory: Memory,
}

/// What the next run goes by; to be kept with the report of this one.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Vec<(Remembered, Option<Hash>)>,
    forgotten: Vec<(Kind, Entity, RecordId)>,
    marks: Vec<(String, i64)>,
}

impl Memory {
    /// Keeps it.
    pub(super) fn keep(&self, tx: &Tx<'_>) -> Result<(), LedgerError> {
        for (kind, entity, record) in &self.forgotten {
            drift::forget(tx, *kind, *entity, *record)?;
        }
        for (finding, fingerprint) in &self.kept {
            drift::remember(tx, finding, fingerprint.as_ref())?;
        }
        for (name, value) in &self.marks {
            meta::set(tx, name, *value)?;
        }
        Ok(())
    }
}

/// Looks for drift. What cannot be read is a doubt, and what can be read is looked at all the same.
pub(super) async fn look(shared: &Shared, scope: &Scope) -> Result<Drift, LedgerError> {
    let mut look = Look::new(shared, scope).await?;
    let records = look.records().await;
    look.complete = look.passed(records, "reading records of the ledger")?;
    let young = look.look_again_at_young().await;
    look.complete &= look.passed(young, "reading records that were just written")?;
    look.conclude();
    if scope.route.is_none() {
        let strays = look.strays().await;
        look.passed(strays, "reading what our key made")?;
    }
    if scope.repair {
        let repair = look.repair().await;
        look.passed(repair, "reading deals of deleted records")?;
    }
    look.finish().await
}

/// A look that is under way.
struct Look<'a> {
    shared: &'a Shared,
    scope: &'a Scope,
    /// The user of our key, where that is known.
    me: Option<RecordId>,
    lead_key_field: Option<String>,
    /// What earlier runs found that may last.
    remembered: Vec<Remembered>,
    /// Every record that was asked for.
    asked: BTreeSet<(Entity, RecordId)>,
    /// Those of them that a lead holds.
    shown: BTreeMap<(Entity, RecordId), Shown>,
    /// Persons that leads hold and our key made, by e-mail.
    persons: BTreeMap<String, BTreeMap<RecordId, Member>>,
    /// Whether all that was due was read.
    complete: bool,
    drift: Drift,
}

impl<'a> Look<'a> {
    async fn new(shared: &'a Shared, scope: &'a Scope) -> Result<Self, LedgerError> {
        let reference = shared.reference.get(shared).await;
        let me = reference.ok().and_then(|reference| reference.me());
        // Of a run over one route: whether another route's record still is as found is not seen.
        let remembered = match scope.route {
            None => shared.ledger.read(|conn| drift::remembered(conn, REMEMBERED_MAX)).await?,
            Some(_) => Vec::new(),
        };
        Ok(Self {
            shared,
            scope,
            me,
            lead_key_field: shared.routes.iter().find_map(|it| it.spec.lead_key_field.clone()),
            remembered,
            asked: BTreeSet::new(),
            shown: BTreeMap::new(),
            persons: BTreeMap::new(),
            complete: false,
            drift: Drift::default(),
        })
    }

    /// Notes why a part of the look failed, if so; says whether it did not.
    fn passed(
        &mut self,
        result: Result<(), ObserveError>,
        what: &str,
    ) -> Result<bool, LedgerError> {
        match result {
            Ok(()) => return Ok(true),
            Err(ObserveError::Ledger(error)) => return Err(error),
            Err(ObserveError::Call(error)) => {
                log_call(&error, what);
                // Without the server's words: a run's reason is not reached by `erase`.
                self.drift.doubts.push(format!("{what}: {}", error.plain()));
            }
            Err(error) => self.drift.doubts.push(format!("{what}: {error}")),
        }
        Ok(false)
    }

    /// Asks Ploomes, as often as `[retry]` says.
    async fn tried<T, F>(&self, ask: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let mut failures = 0;
        loop {
            match ask().await {
                Err(error) => wait_or_fail(self.shared, error, &mut failures).await?,
                answer => return answer,
            }
        }
    }

    fn find(&mut self, entity: Entity, finding: Finding, twin: Option<RecordId>) {
        let remembered = Remembered { kind: finding.kind, entity, record: finding.id, twin };
        self.drift.memory.kept.push((remembered, None));
        self.drift.findings.push(finding);
    }

    fn forget(&mut self, kind: Kind, entity: Entity, record: RecordId) {
        self.drift.memory.forgotten.push((kind, entity, record));
    }

    /// A number that runs leave for the next; a run over one route has its own.
    async fn mark(&self, name: &str) -> Result<Option<i64>, LedgerError> {
        let name = self.mark_name(name);
        self.shared.ledger.read(move |conn| meta::number(conn, &name)).await
    }

    /// The same as a point in time.
    async fn mark_time(&self, name: &str) -> Result<Option<DateTime<Utc>>, LedgerError> {
        Ok(self.mark(name).await?.and_then(DateTime::from_timestamp_millis))
    }

    fn set_mark(&mut self, name: &str, value: i64) {
        let name = self.mark_name(name);
        self.drift.memory.marks.push((name, value));
    }

    fn mark_name(&self, name: &str) -> String {
        match self.scope.route {
            Some(route) => format!("drift_{name}_{route}"),
            None => format!("drift_{name}"),
        }
    }

    /// Adds what an earlier part of the same run reported and no other run will report again.
    async fn finish(mut self) -> Result<Drift, LedgerError> {
        let run = self.scope.run;
        let detail = self.shared.ledger.read(move |conn| drift::detail(conn, run)).await?;
        let detail: Value =
            detail.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default();
        let earlier: Vec<Finding> =
            serde_json::from_value(detail["drift"].clone()).unwrap_or_default();
        let findings = &mut self.drift.findings;
        findings.extend(earlier.into_iter().filter(|it| it.kind == Kind::Edited));
        findings.sort_unstable_by_key(|it| (it.kind, it.record, it.id));
        findings.dedup_by_key(|it| (it.kind, it.record, it.id));
        if !findings.is_empty() {
            let count = |kind| findings.iter().filter(|it| it.kind == kind).count();
            tracing::warn!(
                run.id = run.0,
                deleted = count(Kind::Deleted),
                edited = count(Kind::Edited),
                duplicated = count(Kind::Duplicated),
                orphan = count(Kind::Orphan),
                "records in Ploomes are not what was written"
            );
        }
        Ok(self.drift)
    }
}
