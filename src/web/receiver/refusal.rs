//! Why a webhook is not kept, and how often.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::ledger::LedgerError;

/// Why a request was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body is larger than configured.
    TooLarge,
    /// The body took too long.
    TooSlow,
    /// The body ended early.
    BrokenOff,
    /// The ledger did not take it; the same request may be taken a second later.
    NotNow,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::BrokenOff => StatusCode::BAD_REQUEST.into_response(),
            Self::NotNow => {
                let again = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
                (StatusCode::SERVICE_UNAVAILABLE, again).into_response()
            }
        }
    }
}

/// Deliveries refused since the last one that was kept, so that the log says it once.
#[derive(Debug, Default)]
pub(super) struct Refused(AtomicU64);

impl Refused {
    /// Notes a delivery that the ledger did not take; without an error it took too long.
    pub(super) fn note(&self, error: Option<&LedgerError>) -> Refusal {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            let error = error.map_or("the ledger is too slow".to_owned(), ToString::to_string);
            tracing::error!(error, "deliveries are refused with 503");
        }
        Refusal::NotNow
    }

    /// Notes a delivery that was kept.
    pub(super) fn note_kept(&self) {
        // Read first: kept is the rule, and a write would pass the line between processors.
        if self.0.load(Ordering::Relaxed) > 0 {
            let refused = self.0.swap(0, Ordering::Relaxed);
            if refused > 0 {
                tracing::warn!(refused, "deliveries are kept again; what was refused is polled");
            }
        }
    }
}
