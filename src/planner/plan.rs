//! A plan: the Ploomes calls that a lead needs, decided before any of them is made.
//!
//! A plan leaves nothing to decide. It is never stored as work to resume: after an error, a crash
//! or a shutdown the next pass observes and plans again.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::RecordId;

/// What to do for a lead, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// In the order they are made: company, person, deal, note.
    pub steps: Vec<Step>,
    /// What the lead is once every step is done.
    pub outcome: Outcome,
    /// What a person may want to know; no personal data.
    pub warnings: Vec<String>,
    /// Why a person should look at the lead, such as two candidates; no personal data.
    pub review: Option<String>,
}

impl Plan {
    /// The records that exist already and that the plan is about.
    pub fn records(&self) -> BTreeSet<RecordId> {
        let mut records = BTreeSet::new();
        for step in &self.steps {
            let body = match &step.action {
                Action::Adopt { record } => {
                    records.insert(*record);
                    None
                }
                Action::Update { record, body, .. } => {
                    records.insert(*record);
                    Some(body)
                }
                Action::Create { body, .. } => Some(body),
                Action::Skip => None,
            };
            let properties = ["CompanyId", "ContactId", "PersonId"];
            let named = properties.iter().filter_map(|it| body?.get(*it)?.as_i64());
            records.extend(named.map(RecordId));
        }
        records
    }
}

/// What the lead is once every step is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All its records are in Ploomes.
    Done,
    /// No deal is called for; the reason says why.
    Skipped(String),
    /// It cannot be brought in as it is; the reason says what is missing.
    Failed(String),
}

/// One write of a plan, or the decision that none is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which record.
    pub kind: StepKind,
    /// What to do with it.
    pub action: Action,
    /// Names of the properties and `FieldKey`s that it sets. Values that a whole list merely
    /// carries, lest a `PATCH` drop them, are not among them: they are not what ponte wrote.
    pub fields: Vec<String>,
    /// Why, in words that `explain` prints; no personal data.
    pub reason: String,
}

/// Which record a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// A contact with `TypeId` 1.
    Company,
    /// A contact with `TypeId` 2.
    Person,
    /// A deal.
    Deal,
    /// An interaction record.
    Note,
}

impl StepKind {
    /// The name used in the ledger and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Person => "person",
            Self::Deal => "deal",
            Self::Note => "note",
        }
    }

    /// The kind of a name used in the ledger.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Company, Self::Person, Self::Deal, Self::Note]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What a step does.
#[derive(Clone, PartialEq)]
pub enum Action {
    /// `POST`: the body, and the ids of records that earlier steps of this plan make.
    Create {
        /// The body without the links below.
        body: Map<String, Value>,
        /// Properties that take the id of a record made earlier in this plan.
        links: Vec<Link>,
    },
    /// `PATCH` of an existing record with absolute values.
    Update {
        /// Which.
        record: RecordId,
        /// What changes; lists (`OtherProperties`, `Phones`, `Tags`) are whole.
        body: Map<String, Value>,
        /// Properties that take the id of a record made earlier in this plan.
        links: Vec<Link>,
    },
    /// The record was there already and is this lead's.
    Adopt {
        /// Which.
        record: RecordId,
    },
    /// Nothing is written; the reason says why.
    Skip,
}

/// A property that takes the id of a record made earlier in the same plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Such as `CompanyId`, `ContactId`, `PersonId`, `DealId`.
    pub property: &'static str,
    /// The step whose record it is.
    pub to: StepKind,
}

impl Action {
    /// What is written; `None` where nothing is.
    pub const fn body(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Create { body, .. } | Self::Update { body, .. } => Some(body),
            Self::Adopt { .. } | Self::Skip => None,
        }
    }

    /// The name used in the ledger and in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Adopt { .. } => "adopt",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for Plan {
    /// A line a step, with the names of the fields it sets; no personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if let Some(review) = &self.review {
            writeln!(f, "review: {review}")?;
        }
        write!(f, "{}", self.outcome)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action.as_str(), self.kind.as_str())?;
        if let Action::Update { record, .. } | Action::Adopt { record } = self.action {
            write!(f, " {record}")?;
        }
        write!(f, ": {}", self.reason)?;
        if !self.fields.is_empty() {
            write!(f, "\n  sets {}", self.fields.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

impl fmt::Debug for Action {
    /// Shows what is done to which record, not what is written: bodies are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update { record, .. } | Self::Adopt { record } => {
                write!(f, "{}({record})", self.as_str())
            }
            Self::Create { .. } | Self::Skip => f.write_str(self.as_str()),
        }
    }
}
