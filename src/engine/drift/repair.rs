//! Has deleted companies and persons made again, where an open deal of ours needs them.
//!
//! The worker does it, as for a lead that waits: it looks first, makes what is not there, and gives
//! it to the deal. A deal is never made again: its lead holds it for good.

use std::collections::{BTreeMap, BTreeSet};

use super::{Look, records::Record};
use crate::{
    domain::{Lane, LeadState, RecordId},
    engine::observe::ObserveError,
    ledger::{
        drift::{self, Entity, HeldDeal, Kind},
        journal, lead, observation, work,
    },
    planner::StepKind,
};

impl Look<'_> {
    /// Asks for the leads whose open deal names a record that is gone.
    pub(super) async fn repair(&mut self) -> Result<(), ObserveError> {
        let findings = self.drift.findings.iter();
        let deleted: BTreeMap<RecordId, StepKind> = findings
            .filter(|it| it.kind == Kind::Deleted && it.record != StepKind::Deal)
            .map(|it| (it.id, it.record))
            .collect();
        let gone: Vec<RecordId> = deleted.keys().copied().collect();
        let held = self.shared.ledger.read(move |conn| drift::with_deal(conn, gone)).await?;
        let deals: BTreeSet<RecordId> = held.iter().map(|it| it.deal).collect();
        let deals: Vec<RecordId> = deals.into_iter().collect();
        let mut needs: BTreeMap<RecordId, String> = BTreeMap::new();
        for record in self.standing(Entity::Deal, &deals).await? {
            let Record::Deal(deal) = record else { continue };
            let named = [deal.record.contact, deal.record.person].into_iter().flatten();
            let mut lost = named.filter_map(|id| Some((deleted.get(&id)?.as_str(), id)));
            if let Some((kind, id)) = lost.next().filter(|_| deal.record.open) {
                let deal = deal.record.id;
                let reason =
                    format!("{kind} {id} was deleted in Ploomes, and open deal {deal} needs it");
                needs.insert(deal, reason);
            }
        }
        let is_enabled = |it: &HeldDeal| self.shared.route(it.route).is_some_and(|it| it.enabled);
        let asked: BTreeMap<RecordId, (HeldDeal, String)> = held
            .into_iter()
            .filter(|it| it.done && is_enabled(it))
            .filter_map(|it| Some((it.deal, (it.clone(), needs.get(&it.deal)?.clone()))))
            .collect();
        if asked.len() as u64 > self.shared.settings.max_repairs && !self.scope.all {
            tracing::error!(
                run.id = self.scope.run.0,
                leads = asked.len(),
                "more deleted records are needed than a run may make again: look, then \
                 `ponte reconcile --all`"
            );
            self.drift.over = true;
            return Ok(());
        }
        self.ask(asked.into_values().collect()).await
    }

    /// Asks the worker for leads that were done, with the reason why they are not.
    async fn ask(&self, asked: Vec<(HeldDeal, String)>) -> Result<(), ObserveError> {
        let now = self.shared.now();
        self.shared
            .ledger
            .write(move |tx| {
                for (held, reason) in &asked {
                    let Some(lead) = lead::get(tx, held.lead)? else { continue };
                    // What nothing is known of any more, or is in work, cannot be made again.
                    let can_be = lead.state == LeadState::Done
                        && journal::open_of(tx, lead.id)?.is_none()
                        && observation::newest(tx, lead.route, lead.contact)?.is_some();
                    if can_be {
                        let standing =
                            lead::Standing { reason: Some(reason), ..lead::Standing::default() };
                        lead::set_state(tx, lead.id, LeadState::Pending, &standing, now)?;
                        work::ask(tx, lead.id, lead.route, Lane::Repair, now)?;
                    }
                }
                Ok(())
            })
            .await?;
        self.shared.wake.worker.notify_one();
        Ok(())
    }
}
