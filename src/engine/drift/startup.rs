//! What our key made in Ploomes since the ledger's last write, named at start.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    LANE,
    records::Record,
    strays::{Unknown, unknown, without_open_deals},
};
use crate::{
    domain::RecordId,
    engine::{
        observe::ObserveError,
        shared::{Shared, log_call},
    },
    ledger::drift::Entity,
    ploomes::standing::AT_ONCE,
};

/// How far before the ledger's last write is looked: clocks differ.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// Ids that are named; more are counted.
const NAMED_MAX: usize = 20;

/// Names the deals that our key made since `alive` and the ledger does not know: it is older than
/// they are. Each is adopted when its lead is planned.
///
/// Where Ploomes cannot be asked now, the next reconciliation looks.
pub(in crate::engine) async fn name_orphans(shared: &Shared, alive: Option<DateTime<Utc>>) {
    let Some(alive) = alive else { return };
    match orphans(shared, alive - OVERLAP).await {
        Ok(orphans) if orphans.is_empty() => {}
        Ok(orphans) => {
            let named: Vec<String> =
                orphans.iter().take(NAMED_MAX).map(ToString::to_string).collect();
            tracing::warn!(
                deals = orphans.len(),
                "our key made deals that the ledger does not know, orphans until a lead takes them: \
                 {}",
                named.join(", ")
            );
        }
        Err(ObserveError::Call(error)) => log_call(&error, "asking what our key made"),
        Err(error) => tracing::warn!(%error, "what our key made could not be looked at"),
    }
}

/// The deals that our key made since `since` and the ledger does not know.
pub(super) async fn orphans(
    shared: &Shared,
    since: DateTime<Utc>,
) -> Result<Vec<RecordId>, ObserveError> {
    let me = match shared.reference.get(shared).await {
        Ok(reference) => reference.me(),
        // Whoever reads the reference data says why.
        Err(_) => None,
    };
    let Some(me) = me else { return Ok(Vec::new()) };
    let made = shared.reader.deals_made_since(me, since, AT_ONCE, LANE).await?;
    let ids = made.into_iter().map(|(id, _)| id).collect();
    let Unknown { ids, open } = unknown(shared, Entity::Deal, ids).await?;
    let there = shared.reader.standing_deals(&ids, None, LANE).await?;
    let there = there.into_iter().map(Record::Deal).collect();
    Ok(without_open_deals(there, &open, me).iter().map(|it| it.record.id).collect())
}
