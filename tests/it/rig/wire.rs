//! The wires of a simulation, with a test's hand on one of them.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use ponte::{
    simulator::fault::Target,
    transport::{Remote, WireError},
    web::Receiver,
};
use tower::ServiceExt as _;

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>>;

/// Something that a test does at a request.
pub type Deed = Box<dyn FnOnce() + Send>;

/// What a test makes of a body.
pub type Edit = Box<dyn FnOnce(Bytes) -> Bytes + Send>;

/// What is prepared for the next request that fits, each once.
pub struct Prepared<T>(Mutex<Vec<(Target, T)>>);

impl<T> Prepared<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub fn add(&self, target: Target, what: T) {
        self.0.lock().unwrap().push((target, what));
    }

    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn take(&self, method: &Method, path: &str) -> Option<T> {
        let mut prepared = self.0.lock().unwrap();
        let fits = |(target, _): &(Target, T)| {
            target.method.as_ref().is_none_or(|it| it == method) && path.contains(&target.path)
        };
        let at = prepared.iter().position(fits)?;
        Some(prepared.remove(at).1)
    }
}

/// The way to one of the two services.
pub struct Tap {
    service: Arc<dyn Remote>,
    /// Done before a request is sent on.
    pub before: Prepared<Deed>,
    /// Done after it was answered, before ponte sees the answer.
    pub after: Prepared<Deed>,
    /// Done to an answer's body before ponte sees it.
    pub edits: Prepared<Edit>,
    /// Answers that the service knows nothing of.
    pub instead: Prepared<Response<Bytes>>,
}

impl Tap {
    pub fn new(service: Arc<dyn Remote>) -> Self {
        let (before, after, instead) = (Prepared::new(), Prepared::new(), Prepared::new());
        Self { service, before, after, edits: Prepared::new(), instead }
    }

    /// Answers the next request that fits with this, without the service.
    pub fn answer_next(&self, target: Target, status: u16, body: &'static str) {
        let answer = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        self.instead.add(target, answer);
    }
}

impl Remote for Tap {
    fn call(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(async move {
            let (method, path) = (request.method().clone(), request.uri().to_string());
            if let Some(deed) = self.before.take(&method, &path) {
                deed();
            }
            let answer = match self.instead.take(&method, &path) {
                Some(answer) => Ok(answer),
                None => self.service.call(request).await,
            };
            let answer = match self.edits.take(&method, &path) {
                Some(edit) => answer.map(|it| it.map(edit)),
                None => answer,
            };
            if let Some(deed) = self.after.take(&method, &path) {
                deed();
            }
            answer
        })
    }
}

/// The receiver without its socket.
pub struct Inlet(pub Receiver);

impl Remote for Inlet {
    fn call(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(async move {
            let Ok(answer) = self.0.clone().oneshot(request.map(Body::from)).await;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.expect("the body is in memory").to_bytes();
            Ok(Response::from_parts(head, body))
        })
    }
}
