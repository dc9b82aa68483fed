//! What the service refuses, and with which words.

use super::odata::Malformed;

/// Why a request, or a person's action, was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The words of the answer.
    pub message: String,
}

impl Refusal {
    /// 400: something about the request is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    /// 401: the key is not known.
    pub(super) fn unauthorized() -> Self {
        let message = "Authorization has been denied for this request.".to_owned();
        Self { status: 401, message }
    }

    /// 403, in the words that hide why.
    pub(super) fn forbidden() -> Self {
        Self { status: 403, message: "Your request has been forbidden".to_owned() }
    }

    /// 404: there is no such path or record.
    pub(super) fn not_found() -> Self {
        Self { status: 404, message: "Not Found".to_owned() }
    }

    /// 405: not with this method.
    pub(super) fn method() -> Self {
        let message = "The requested resource does not support this http method.".to_owned();
        Self { status: 405, message }
    }

    /// 413: the body is too large.
    pub(super) fn too_large() -> Self {
        Self { status: 413, message: "Maximum request length exceeded.".to_owned() }
    }

    /// 415: the body is not said to be JSON.
    pub(super) fn media_type() -> Self {
        let message = "The request entity's media type is not supported.".to_owned();
        Self { status: 415, message }
    }
}

impl From<Malformed> for Refusal {
    fn from(Malformed(problem): Malformed) -> Self {
        Self::bad(format!("The query specified in the URI is not valid: {problem}."))
    }
}
