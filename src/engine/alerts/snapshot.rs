//! What is looked at, at one moment: plain values, so that deciding needs nothing else.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use serde_json::Value;

use super::disk::Room;
use crate::{
    domain::RouteId,
    engine::shared::Shared,
    ledger::{
        Connection, LedgerError,
        alert::{self, Alert, Event, Key},
        run::Kind,
        signs::{self, Ended, Group, Missed, Started},
        unknown,
    },
    transport::{KeyState, Standing},
};

/// How far back hits on unknown webhook URLs are looked for.
const UNKNOWN_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Everything that causes are decided by.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) now: DateTime<Utc>,
    /// The zone of times in words.
    pub(super) zone: Tz,
    /// Since when runs could have been started: what was due before is caught up, not late.
    pub(super) awake_since: DateTime<Utc>,
    /// How long a route may be silent although contacts enter it.
    pub(super) silence: TimeDelta,
    /// The configured routes.
    pub(super) routes: Vec<RouteSigns>,
    /// Leads that failed, by route, whether configured or not.
    pub(super) failed: Vec<Group>,
    /// The same of quarantined deliveries.
    pub(super) quarantined: Vec<Group>,
    pub(super) polls: RunSigns,
    pub(super) reconciliations: RunSigns,
    /// When the newest complete run of any kind began.
    pub(super) last_complete: Option<DateTime<Utc>>,
    /// Hits on unknown webhook URLs in the last hour.
    pub(super) unknown_tokens: i64,
    pub(super) apis: Vec<ApiSigns>,
    /// Room beside the ledger, where that can be told.
    pub(super) room: Option<Room>,
    /// Causes that held when last looked.
    pub(super) noticed: BTreeSet<Key>,
}

/// What there is to say of a route.
#[derive(Debug, Clone)]
pub(super) struct RouteSigns {
    pub(super) id: RouteId,
    pub(super) name: String,
    pub(super) first_start: DateTime<Utc>,
    /// Whether it cannot be written as configured; `None` while nobody knows.
    pub(super) is_held: Option<bool>,
    /// Leads that wait to be written, where it is held.
    pub(super) waiting: i64,
    pub(super) missed: Option<Missed>,
    /// Somebody that a run asked about is still to be looked at.
    pub(super) is_looking: bool,
    pub(super) last_delivery: Option<DateTime<Utc>>,
    /// Who entered after the last delivery and was found without one, and the first of them.
    pub(super) unannounced: (i64, Vec<String>),
    /// What the newest reconciliation only reported: names of the first ones.
    pub(super) reported: Vec<String>,
}

impl RouteSigns {
    /// The cause that leads of the route were missed.
    pub(super) fn missed_key(&self) -> Key {
        Key { event: Event::MissedLeads, subject: self.name.clone() }
    }
}

/// Runs of one kind.
#[derive(Debug, Clone)]
pub(super) struct RunSigns {
    pub(super) kind: Kind,
    /// When they are due.
    pub(super) cron: Cron,
    pub(super) started: Option<Started>,
    pub(super) ended: Option<Ended>,
}

/// An API, beside what its answers are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct ApiSigns {
    pub(super) name: &'static str,
    pub(super) key: KeyState,
    /// How far its clock is ahead of ours; `None` while nobody knows.
    pub(super) ahead: Option<TimeDelta>,
}

impl ApiSigns {
    fn of(name: &'static str, standing: &Standing) -> Self {
        Self { name, key: standing.key(), ahead: standing.ahead() }
    }
}

impl Snapshot {
    /// Looks; returns the alerts that are kept as well, from the same moment of the ledger.
    pub(super) async fn read(
        shared: &Shared,
        silence: TimeDelta,
        awake_since: DateTime<Utc>,
    ) -> Result<(Self, Vec<Alert>), LedgerError> {
        let (now, zone) = (shared.now(), shared.settings.timezone);
        let (poll, reconcile) = (shared.settings.poll.clone(), shared.settings.reconcile.clone());
        let apis = vec![
            ApiSigns::of("ActiveCampaign", shared.activecampaign.standing()),
            ApiSigns::of("Ploomes", shared.reader.standing()),
        ];
        let routes = routes(shared);
        let file = shared.ledger.path().to_owned();
        shared
            .ledger
            .read(move |conn| {
                let kept = alert::all(conn)?;
                let holds = |alert: &&Alert| !alert.is_over;
                let reconciliations = RunSigns::read(conn, Kind::Reconcile, reconcile)?;
                let snapshot = Self {
                    now,
                    zone,
                    awake_since,
                    silence,
                    routes: routes
                        .into_iter()
                        .map(|route| route.read(conn, &reconciliations))
                        .collect::<Result<_, _>>()?,
                    failed: signs::failed(conn)?,
                    quarantined: signs::quarantined(conn)?,
                    polls: RunSigns::read(conn, Kind::Poll, poll)?,
                    reconciliations,
                    last_complete: signs::last_complete(conn)?,
                    unknown_tokens: unknown::since(conn, now - UNKNOWN_WITHIN)?,
                    apis,
                    room: Room::beside(&file),
                    noticed: kept.iter().filter(holds).map(|alert| alert.key.clone()).collect(),
                };
                Ok((snapshot, kept))
            })
            .await
    }
}

/// The configured routes, with what only the engine knows of them.
fn routes(shared: &Shared) -> Vec<RouteSigns> {
    let is_known = shared.reference.last().is_some();
    let held = shared.reference.held(&shared.routes);
    let signs = shared.routes.iter().map(|route| RouteSigns {
        id: route.id,
        name: route.name.clone(),
        first_start: route.first_start,
        is_held: is_known.then(|| held.iter().any(|(name, _)| *name == route.name)),
        waiting: 0,
        missed: None,
        is_looking: false,
        last_delivery: None,
        unannounced: (0, Vec::new()),
        reported: Vec::new(),
    });
    signs.collect()
}

impl RouteSigns {
    /// Adds what the ledger knows.
    fn read(self, conn: &Connection, reconciliations: &RunSigns) -> Result<Self, LedgerError> {
        let last_delivery = signs::last_delivery(conn, self.id)?;
        let silent_since = last_delivery.unwrap_or(self.first_start);
        let reported = match &reconciliations.ended {
            Some(run) if run.mode.as_deref() == Some("report") => {
                signs::reported(conn, run.run, self.id, &self.name)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            waiting: if self.is_held == Some(true) { signs::waiting(conn, self.id)? } else { 0 },
            missed: signs::missed(conn, self.id)?,
            is_looking: signs::is_looking(conn, self.id)?,
            last_delivery,
            unannounced: signs::entered_unannounced(conn, self.id, silent_since)?,
            reported,
            ..self
        })
    }
}

impl RunSigns {
    fn read(conn: &Connection, kind: Kind, cron: Cron) -> Result<Self, LedgerError> {
        let (started, ended) = (signs::last_started(conn, kind)?, signs::last_ended(conn, kind)?);
        Ok(Self { kind, cron, started, ended })
    }

    /// What the newest run that ended kept; null where there is none.
    pub(super) fn detail(&self) -> Value {
        let detail = self.ended.as_ref().map(|run| serde_json::from_str(&run.detail));
        detail.and_then(Result::ok).unwrap_or_default()
    }
}
