//! A server made of bytes: its answers, one after the other, and again from the first.
//!
//! Zero bytes stand between answers. An answer that starts with `!403` (or `!429 5`, with seconds to
//! wait) and a line end has that status, any other is a 200.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use ponte::transport::{CallError, Remote, Wire, WireError};

/// Whoever asks more often than this for one thing would never stop.
///
/// The longest lists that are believed have 1,000 pages, and a list of so few answers repeats itself
/// long before.
const CALLS_MAX: usize = 1_500;

/// Errors quote at most 2 kB of the server's words.
const ERROR_BYTES_MAX: usize = 4_096;

pub struct Script {
    answers: Vec<Response<Bytes>>,
    calls: AtomicUsize,
}

impl Script {
    pub fn new(input: &[u8]) -> Arc<Self> {
        let answers = input.split(|byte| *byte == 0).map(answer).collect();
        Arc::new(Self { answers, calls: AtomicUsize::new(0) })
    }

    pub fn wire(self: &Arc<Self>) -> Wire {
        Wire::InProcess(self.clone())
    }

    /// Looks at how something was answered, and starts again from the first answer.
    pub fn heard<T>(&self, what: &str, outcome: Result<T, CallError>) -> Option<T> {
        let calls = self.calls.swap(0, Ordering::Relaxed);
        assert!(calls < CALLS_MAX, "{what} asks without end");
        outcome.inspect_err(|error| assert!(error.to_string().len() < ERROR_BYTES_MAX)).ok()
    }
}

impl Remote for Script {
    fn call<'a>(
        &'a self,
        _: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(call < CALLS_MAX, "it asks without end");
        Box::pin(ready(Ok(self.answers[call % self.answers.len()].clone())))
    }
}

fn answer(bytes: &[u8]) -> Response<Bytes> {
    let (status, after, body) = status_of(bytes).unwrap_or((200, None, bytes));
    let mut answer = Response::new(Bytes::copy_from_slice(body));
    *answer.status_mut() = status.try_into().expect("three digits are a status");
    if let Some(after) = after.and_then(|it| it.try_into().ok()) {
        answer.headers_mut().insert(http::header::RETRY_AFTER, after);
    }
    answer
}

/// Status, `Retry-After` and body.
type Said<'a> = (u16, Option<&'a [u8]>, &'a [u8]);

/// What an answer says of itself, where it does.
fn status_of(bytes: &[u8]) -> Option<Said<'_>> {
    let line = bytes.strip_prefix(b"!")?;
    let end = line.iter().position(|it| *it == b'\n')?;
    let (head, body) = (&line[..end], &line[end + 1..]);
    let status = std::str::from_utf8(head.get(..3)?).ok()?.parse().ok()?;
    (100..1000).contains(&status).then_some((status, head.get(4..), body))
}

/// Runs to the end at once, whatever it waits for.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// The timeout of a call; nothing waits here.
pub const TIMEOUT: Duration = Duration::from_secs(30);
