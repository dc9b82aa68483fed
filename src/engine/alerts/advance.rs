//! What follows from which causes hold now: what is owed to whoever is told. Pure.
//!
//! Each cause is told when it begins, each day while it lasts, and when it is over, in this order and
//! never twice. What ends before it was told is still told, and then its end. What comes back before
//! its end was told never ended.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::causes::{Cause, Causes};
use crate::ledger::alert::{Alert, Key, Owed};

/// From one message about a cause that lasts to the next.
pub(super) const REMIND_EVERY: TimeDelta = TimeDelta::hours(24);

/// An alert that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// As it is now.
    pub(super) alert: Alert,
    /// Its cause held until now, and is over.
    pub(super) ends: bool,
}

/// Compares what was kept with what holds now; returns what changes.
pub(super) fn advance(kept: Vec<Alert>, seen: &Causes, now: DateTime<Utc>) -> Vec<Change> {
    let mut holding: BTreeMap<&Key, &Cause> =
        seen.holding.iter().map(|cause| (&cause.key, cause)).collect();
    let mut changes = Vec::new();
    for before in kept {
        let after = match holding.remove(&before.key) {
            Some(cause) => holds(before.clone(), cause, now),
            None if seen.undecided.contains(&before.key) => continue,
            None => ends(before.clone(), now),
        };
        if after != before {
            changes.push(Change { ends: after.is_over && !before.is_over, alert: after });
        }
    }
    changes.extend(
        holding.into_values().map(|cause| Change { alert: raised(cause, now), ends: false }),
    );
    changes
}

/// The alert after its message was taken; `None` where nothing is left to be told.
pub(super) fn taken(alert: Alert, now: DateTime<Utc>) -> Option<Alert> {
    let owed = match alert.owed {
        Some(Owed::Resolved) => return None,
        _ => alert.is_over.then_some(Owed::Resolved),
    };
    Some(Alert { owed, told_at: Some(now), attempts: 0, due_at: now, ..alert })
}

fn raised(cause: &Cause, now: DateTime<Utc>) -> Alert {
    Alert {
        key: cause.key.clone(),
        route: cause.route.clone(),
        since: cause.since,
        count: cause.count,
        leads: cause.leads.clone(),
        run: cause.run,
        text: cause.text.clone(),
        is_over: false,
        owed: Some(Owed::Raised),
        told_at: None,
        attempts: 0,
        due_at: now,
    }
}

fn holds(alert: Alert, cause: &Cause, now: DateTime<Utc>) -> Alert {
    let mut after = Alert {
        count: cause.count,
        leads: cause.leads.clone(),
        run: cause.run,
        text: cause.text.clone(),
        is_over: false,
        ..alert
    };
    if after.owed == Some(Owed::Resolved) {
        after.owed = None;
    }
    let is_old = after.told_at.is_some_and(|told| now - told >= REMIND_EVERY);
    if after.owed.is_none() && is_old {
        after = Alert { owed: Some(Owed::Reminder), attempts: 0, due_at: now, ..after };
    }
    after
}

fn ends(alert: Alert, now: DateTime<Utc>) -> Alert {
    if alert.is_over {
        return alert;
    }
    match alert.owed {
        // Its beginning is still to be told; its end after that.
        Some(Owed::Raised) => Alert { is_over: true, ..alert },
        _ => Alert { is_over: true, owed: Some(Owed::Resolved), attempts: 0, due_at: now, ..alert },
    }
}

#[cfg(test)]
mod tests;
