//! A remote for unit tests: answers by a function, and remembers what it was asked.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};

use super::{Remote, Wire, WireError};

type Reply = Option<Result<Response<Bytes>, WireError>>;
type Script = dyn Fn(&Request<Bytes>) -> Reply + Send + Sync;

/// Answers by a function; `None` is silence.
pub(crate) struct Scripted {
    answer: Box<Script>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Scripted {
    pub(crate) fn new(
        answer: impl Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), asked: Mutex::default() })
    }

    pub(crate) fn wire(self: &Arc<Self>) -> Wire {
        Wire::InProcess(self.clone())
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Request<Bytes>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Remote for Scripted {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        let reply = (self.answer)(&request);
        self.asked.lock().unwrap().push(request);
        Box::pin(async move {
            match reply {
                Some(answer) => answer,
                None => pending().await,
            }
        })
    }
}

/// An answer with `status` and `body`.
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder().status(status).body(body.into()).unwrap()
}
