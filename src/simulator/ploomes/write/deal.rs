//! Deals: where they stand, who is named on them, and how they end.

use chrono::{DateTime, Utc};
use rand::Rng as _;
use serde_json::{Map, Value, json};

use super::{Account, Author, invalid, is_set, stamp};
use crate::simulator::ploomes::{
    dates,
    incoming::{Incoming, incoming},
    refusal::Refusal,
    schema::Table,
    standard,
    store::Body,
};

/// How a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ending {
    Win,
    Lose,
    Reopen,
}

/// What a deal holds before anything is said about it.
pub(super) fn defaults(author: Author) -> [(&'static str, Value); 14] {
    [
        ("StatusId", json!(1)),
        ("TasksOrdination", json!(2)),
        ("HasScheduledTasks", json!(false)),
        ("StartDate", json!(dates::written(author.now))),
        ("CurrencyId", json!(1)),
        ("Amount", json!(0)),
        ("StartCurrencyId", json!(1)),
        ("StartAmount", json!(0)),
        ("Read", json!(false)),
        ("DaysInStage", json!(0)),
        ("HoursInStage", json!(0)),
        ("Length", json!(0)),
        ("Editable", json!(true)),
        ("Deletable", json!(true)),
    ]
}

impl Account {
    /// Puts a deal into its stage, and the names of its contacts on it.
    pub(super) fn place(
        &self,
        record: &mut Body,
        incoming: &Incoming<'_>,
        create: bool,
        author: Author,
    ) -> Result<(), Refusal> {
        self.settle_stage(record, incoming)?;
        self.named(record)?;
        if create {
            record.set("StartAmount", record.values.get("Amount").cloned().unwrap_or_default());
        }
        let Some(stage) = record.id_of("StageId") else {
            return Err(invalid("StageId", "the pipeline has no stage"));
        };
        let moved = create || is_set(incoming, "StageId") || is_set(incoming, "PipelineId");
        if author.through_api && moved && self.switches.checklist_stages.contains(&stage) {
            return Err(Refusal::bad(
                "The checklist of this stage must be filled in before a deal can enter it.",
            ));
        }
        Ok(())
    }

    /// A stage decides the pipeline; without one it is the first of the pipeline named, or of the
    /// account's first pipeline.
    fn settle_stage(&self, record: &mut Body, incoming: &Incoming<'_>) -> Result<(), Refusal> {
        let pipeline = if is_set(incoming, "StageId") {
            let stage = self.store.latest(Table::Stages, record.id_of("StageId").unwrap_or(0));
            let of = stage.and_then(|it| it.id_of("PipelineId"));
            if is_set(incoming, "PipelineId") && of != record.id_of("PipelineId") {
                return Err(invalid("StageId", "it belongs to another pipeline"));
            }
            of
        } else if is_set(incoming, "PipelineId") || record.id_of("StageId").is_none() {
            let pipeline = record.id_of("PipelineId").or_else(|| self.first_pipeline());
            record.set("StageId", pipeline.and_then(|it| self.first_stage(it)));
            pipeline
        } else {
            return Ok(());
        };
        let held = pipeline.and_then(|it| self.store.latest(Table::Pipelines, it));
        if held.is_some_and(|it| it.values.get("Archived") == Some(&json!(true))) {
            return Err(invalid("PipelineId", "the pipeline is archived"));
        }
        record.set("PipelineId", pipeline);
        record.set("LastStageId", record.id_of("StageId"));
        Ok(())
    }

    fn named(&self, record: &mut Body) -> Result<(), Refusal> {
        for (by, shown) in [("ContactId", "ContactName"), ("PersonId", "PersonName")] {
            let contact = record.id_of(by);
            let contact = contact.and_then(|id| self.store.latest(Table::Contacts, id));
            if by == "PersonId" && contact.is_some_and(|it| it.id_of("TypeId") == Some(1)) {
                return Err(invalid(by, "it is a company"));
            }
            // The contact may be gone: its name stays.
            if let Some(contact) = contact {
                record.set(shown, contact.values.get("Name").cloned().unwrap_or_default());
            } else if record.id_of(by).is_none() {
                record.set(shown, Value::Null);
            }
        }
        Ok(())
    }

    fn first_pipeline(&self) -> Option<i64> {
        let pipelines = self.store.rows(Table::Pipelines, DateTime::<Utc>::MAX_UTC);
        let mut open = pipelines.filter(|it| it.value("Archived") != &json!(true));
        open.next()?.id_of("Id")
    }

    fn first_stage(&self, pipeline: i64) -> Option<i64> {
        let stages = self.store.rows(Table::Stages, DateTime::<Utc>::MAX_UTC);
        let stages = stages.filter(|it| it.id_of("PipelineId") == Some(pipeline));
        stages.min_by_key(|it| it.id_of("Ordination"))?.id_of("Id")
    }

    /// Wins, loses or reopens a deal.
    pub(in super::super) fn end(
        &mut self,
        id: i64,
        ending: Ending,
        body: &Map<String, Value>,
        author: Author,
    ) -> Result<(), Refusal> {
        let mut record =
            self.store.latest(Table::Deals, id).ok_or_else(Refusal::not_found)?.clone();
        let reason = match (ending, body.get("LossReasonId")) {
            (Ending::Lose, Some(reason)) => {
                let reason = Map::from_iter([("LossReasonId".to_owned(), reason.clone())]);
                let checked = incoming(Table::Deals, &reason, self.switches.unknown_property)?;
                checked.refer(Table::Deals, &self.store)?;
                reason.get("LossReasonId").cloned().unwrap_or_default()
            }
            _ => Value::Null,
        };
        let status = match ending {
            Ending::Reopen => 1,
            Ending::Win => 2,
            Ending::Lose => 3,
        };
        record.set("StatusId", status);
        record.set("LossReasonId", reason);
        let ended = (ending != Ending::Reopen).then(|| dates::written(author.now));
        record.set("FinishDate", ended);
        if let (Ending::Win, Some(amount @ Value::Number(_))) = (ending, body.get("WonAmount")) {
            record.set("Amount", amount.clone());
        }
        stamp(&mut record, Table::Deals, author);
        self.store.put(Table::Deals, id, record, author.moment(), false);
        Ok(())
    }

    /// Gives a deal to somebody else, as a pipeline's automatic distribution does.
    pub(in super::super) fn distribute(&mut self, id: i64, author: Author) {
        let Some(record) = self.store.latest(Table::Deals, id) else { return };
        let mut record = record.clone();
        let owner = record.id_of("OwnerId");
        let others: Vec<i64> =
            standard::SELLERS.into_iter().filter(|it| Some(*it) != owner).collect();
        record.set("OwnerId", others[self.rng.random_range(0..others.len())]);
        stamp(&mut record, Table::Deals, Author { user: standard::ADMIN, ..author });
        self.store.put(Table::Deals, id, record, author.moment(), false);
    }
}
