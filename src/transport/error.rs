//! What a failed call means, said by the layer that knows.

use std::time::Duration;

use super::WireError;

/// What a caller does about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing changed, and the same call may work later.
    TryLater {
        /// What the other side asked for in `Retry-After`.
        after: Option<Duration>,
    },
    /// Nothing changed, and the same call would fail again.
    GiveUp,
    /// The key is refused: every call of this API stops until a person acts.
    WrongKey,
    /// There is no such record.
    NotFound,
    /// The change may have been made: look before calling again.
    Look,
}

/// A call that did not end in a usable answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No whole answer came.
    #[error("{api} {operation}: {source}")]
    Wire {
        /// `ActiveCampaign` or `Ploomes`.
        api: &'static str,
        /// Method and path without ids of persons or query, such as `POST /Contacts`.
        operation: String,
        /// What happened on the wire.
        source: WireError,
        /// What to do about it.
        verdict: Verdict,
    },
    /// An answer came, and it is a refusal or cannot be used.
    #[error("{api} {operation}: {status}{}", .message.as_deref().map(|it| format!(": {it}")).unwrap_or_default())]
    Status {
        /// `ActiveCampaign` or `Ploomes`.
        api: &'static str,
        /// Method and path, as above.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words, at most 2 kB, for the ledger and for people; never for logs.
        message: Option<String>,
        /// What to do about it.
        verdict: Verdict,
    },
    /// A 2xx came whose body is not what the API promises.
    #[error("{api} {operation}: unreadable answer: {problem}")]
    Unreadable {
        /// `ActiveCampaign` or `Ploomes`.
        api: &'static str,
        /// Method and path, as above.
        operation: String,
        /// What was wrong with it, without its content.
        problem: String,
        /// What to do about it.
        verdict: Verdict,
    },
    /// The time of the request could not be kept in the ledger, so it was not sent.
    #[error("{api}: the request's time could not be kept")]
    NotRecorded {
        /// `ActiveCampaign` or `Ploomes`.
        api: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The limiter is closed: the service is stopping.
    #[error("{api}: stopping")]
    Stopping {
        /// `ActiveCampaign` or `Ploomes`.
        api: &'static str,
    },
}

impl CallError {
    /// The error without the server's own words, which may name a person.
    pub fn plain(&self) -> String {
        match self {
            Self::Status { api, operation, status, .. } => format!("{api} {operation}: {status}"),
            other => other.to_string(),
        }
    }

    /// What a caller does about it.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Wire { verdict, .. }
            | Self::Status { verdict, .. }
            | Self::Unreadable { verdict, .. } => *verdict,
            Self::NotRecorded { .. } | Self::Stopping { .. } => Verdict::TryLater { after: None },
        }
    }

    /// Whose call failed: `ActiveCampaign` or `Ploomes`.
    pub const fn api(&self) -> &'static str {
        match self {
            Self::Wire { api, .. }
            | Self::Status { api, .. }
            | Self::Unreadable { api, .. }
            | Self::NotRecorded { api, .. }
            | Self::Stopping { api } => api,
        }
    }

    /// The HTTP status, where one came.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}
