//! What an answer of `ActiveCampaign` means.
//!
//! Every call is a read, so nothing is ever in doubt: an answer is usable, says that there is no such
//! record, or says that the call may or may not be tried again.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::{
    json::{self, Json, Object},
    model::{Problem, Row},
};
use crate::transport::{Answer, CallError, Verdict};

/// The API's name in errors and logs.
pub(super) const API: &str = "ActiveCampaign";

/// The longest text of a server's that is kept.
const MESSAGE_BYTES_MAX: usize = 2_048;

/// The JSON object of a usable answer.
pub(super) struct Read {
    object: Object,
    pub(super) operation: String,
    /// AC's clock when it answered.
    pub(super) server_time: DateTime<Utc>,
}

impl Read {
    pub(super) fn row(&self) -> Row<'_> {
        Row::new(&self.object)
    }

    /// The list under `key`, which must be there: a 200 can carry an error instead.
    pub(super) fn rows(&self, key: &'static str) -> Result<Vec<Row<'_>>, CallError> {
        let rows = self.optional_rows(key)?;
        rows.ok_or_else(|| self.unreadable(format!("`{key}` is missing")))
    }

    /// The list under `key`; `None` where it did not come.
    pub(super) fn optional_rows(&self, key: &str) -> Result<Option<Vec<Row<'_>>>, CallError> {
        self.row().rows(key).transpose().map_err(|problem| self.unreadable(problem))
    }

    /// `meta.total`, a number or a text.
    pub(super) fn total(&self) -> Option<u64> {
        self.row().object("meta")?.number("total")?.try_into().ok()
    }

    /// The error that says what is wrong with this answer. It may be well the next time.
    pub(super) fn unreadable(&self, problem: impl Into<String>) -> CallError {
        unreadable(self.operation.clone(), problem)
    }

    /// Applies `convert` to each of `rows`.
    pub(super) fn all<'a, T>(
        &self,
        rows: impl IntoIterator<Item = Row<'a>>,
        convert: impl Fn(Row<'a>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, CallError> {
        let converted = rows.into_iter().map(convert).collect::<Result<_, _>>();
        converted.map_err(|problem| self.unreadable(problem))
    }
}

/// An answer that came and cannot be used; it may be well the next time.
pub(super) fn unreadable(operation: String, problem: impl Into<String>) -> CallError {
    let verdict = Verdict::TryLater { after: None };
    CallError::Unreadable { api: API, operation, problem: problem.into(), verdict }
}

/// Whether the key was ever accepted: it tells a wrong key from a 403 that comes now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Nothing has been read with it yet.
    Untried,
    /// It has worked since the process started.
    Worked,
}

/// Reads an answer, or says what its refusal means.
pub(super) fn read(answer: &Answer, operation: String, key: Key) -> Result<Read, CallError> {
    if (200..300).contains(&answer.status) {
        let server_time = answer.server_time;
        // Neither the content type nor the encoding is believed: JSON comes as text/html.
        let text = json::text(&answer.body);
        return match Json::read(&text) {
            Ok(Json::Object(object)) => Ok(Read { object, operation, server_time }),
            _ if text.is_empty() => Err(unreadable(operation, "the body is empty")),
            Ok(_) => Err(unreadable(operation, "the body is no JSON object")),
            Err(error) if error.is_eof() => Err(unreadable(operation, "the body is cut off")),
            Err(_) => Err(unreadable(operation, "the body is no JSON")),
        };
    }
    let words = Words::of(&answer.body);
    let verdict = verdict(answer, &words, key);
    let mut message = words.text;
    if answer.status == StatusCode::PAYMENT_REQUIRED {
        let words = message.map(|words| format!(": {words}")).unwrap_or_default();
        message = Some(format!("the account is unpaid{words}"));
    }
    Err(CallError::Status { api: API, operation, status: answer.status, message, verdict })
}

/// What the body of a refusal says.
struct Words {
    text: Option<String>,
    /// A page for people, from something in front of the API: it says nothing about a record or key.
    page: bool,
}

impl Words {
    fn of(body: &Bytes) -> Self {
        let text = json::text(body);
        let page = text.starts_with(b"<");
        let Ok(Json::Object(object)) = Json::read(&text) else {
            return Self { text: None, page };
        };
        let row = Row::new(&object);
        let errors = row.rows("errors").and_then(Result::ok).unwrap_or_default();
        let of_errors = errors.iter().flat_map(|error| [error.text("title"), error.text("detail")]);
        let parts: Vec<_> = std::iter::once(row.text("message"))
            .chain(of_errors)
            .filter(|part| !part.is_empty())
            .collect();
        let mut text = parts.join(": ");
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        Self { text: (!text.is_empty()).then_some(text), page }
    }

    fn say(&self, phrase: &str) -> bool {
        self.text.as_ref().is_some_and(|text| text.to_lowercase().contains(phrase))
    }
}

fn verdict(answer: &Answer, words: &Words, key: Key) -> Verdict {
    let later = Verdict::TryLater { after: answer.retry_after() };
    let not_found = words.say("no result found") || words.say("not found");
    match answer.status {
        401 => Verdict::WrongKey,
        // A wrong address in front of the API answers 404 for everybody: no contact is gone by that.
        404 if words.page => later,
        404 => Verdict::NotFound,
        // Four meanings: no such record, a wrong key, a missing right, and "not now".
        403 if not_found => Verdict::NotFound,
        403 if key == Key::Untried && !words.page => Verdict::WrongKey,
        // A redirect is not followed; something in front of the API, under maintenance perhaps.
        300..400 | 403 | 408 | 425 | 429 => later,
        400..500 => Verdict::GiveUp,
        _ => later,
    }
}

#[cfg(test)]
mod tests;
