//! A step's states, and every way from one to another.

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Committed; the request may be on its way.
    Sent,
    /// Its answer never came.
    InDoubt,
    /// It happened; the record is known.
    Done,
    /// It certainly did not happen.
    Refused,
    /// It was looked for, twice, and is not there; it may be planned again.
    Lost,
}

/// What can happen to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEvent {
    /// An answer with an id came.
    Succeed,
    /// A refusal came.
    Refuse,
    /// No answer came, or none that says anything.
    Doubt,
    /// The look showed the record.
    Find,
    /// Two looks showed nothing.
    ProveLost,
}

/// An event that cannot happen to a step in this state: a defect in `ponte`.
#[derive(Debug, thiserror::Error)]
#[error("a step that is {state:?} cannot {event:?}")]
pub struct IllegalEvent {
    state: StepState,
    event: StepEvent,
}

impl StepState {
    /// The state after an event; every transition that is not here is illegal.
    pub fn after(self, event: StepEvent) -> Result<Self, IllegalEvent> {
        match (self, event) {
            (Self::Sent, StepEvent::Succeed) | (Self::InDoubt, StepEvent::Find) => Ok(Self::Done),
            (Self::Sent, StepEvent::Refuse) => Ok(Self::Refused),
            (Self::Sent, StepEvent::Doubt) => Ok(Self::InDoubt),
            (Self::InDoubt, StepEvent::ProveLost) => Ok(Self::Lost),
            (state, event) => Err(IllegalEvent { state, event }),
        }
    }

    /// The word used in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::InDoubt => "in_doubt",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Sent, Self::InDoubt, Self::Done, Self::Refused, Self::Lost]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_sent_becomes_sendable_without_a_look() {
        use StepEvent::{Doubt, Find, ProveLost, Refuse, Succeed};
        use StepState::{Done, InDoubt, Lost, Refused, Sent};
        for state in [Sent, InDoubt, Done, Refused, Lost] {
            for event in [Succeed, Refuse, Doubt, Find, ProveLost] {
                let allowed = matches!(
                    (state, event),
                    (Sent, Succeed | Refuse | Doubt) | (InDoubt, Find | ProveLost)
                );
                assert_eq!(state.after(event).is_ok(), allowed, "{state:?} {event:?}");
            }
        }
    }
}
