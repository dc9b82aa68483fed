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

    /// What failed, without the server's own words: for logs, runs, and all that `erase` does not
    /// reach.
    pub fn plain(&self) -> String {
        match self {
            Self::Wire { api, operation, source, .. } => {
                format!("{api} {operation}: {}", source.kind())
            }
            Self::Status { api, operation, status, .. } => format!("{api} {operation}: {status}"),
            Self::Unreadable { .. } | Self::NotRecorded { .. } | Self::Stopping { .. } => {
                self.to_string()
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_are_for_people_and_not_for_runs() {
        let refused = CallError::Status {
            api: "Ploomes",
            operation: "POST /Contacts".to_owned(),
            status: 400,
            message: Some("maria@example.com is taken".to_owned()),
            verdict: Verdict::GiveUp,
        };
        assert_eq!(refused.plain(), "Ploomes POST /Contacts: 400");
        assert!(refused.to_string().contains("maria@example.com"));
        let broken = CallError::Wire {
            api: "ActiveCampaign",
            operation: "GET /contacts".to_owned(),
            source: WireError::Broken("https://example.com/?email=maria@example.com".into()),
            verdict: Verdict::TryLater { after: None },
        };
        assert_eq!(broken.plain(), "ActiveCampaign GET /contacts: broken");
    }
}
