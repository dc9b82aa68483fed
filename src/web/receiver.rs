//! Receives webhooks: a delivery is bytes, and is on disk before it is answered.
//!
//! Promises that the answer comes within two seconds of the body, whatever holds the ledger, and
//! is never one at which AC switches a webhook off (3xx, 410). Looks at nothing but the token, and
//! needs neither `ActiveCampaign` nor Ploomes.

mod body;
mod guesses;
mod headers;
mod refusal;
mod token;
mod unknown;

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::HttpBody,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header, request::Parts};
use percent_encoding::percent_decode_str;
use tokio::{sync::Notify, time::timeout};
use tower::Service;

use self::{
    body::read_body,
    guesses::{Guesses, Manner},
    refusal::{Refusal, Refused},
    token::Tokens,
};
use super::server::Peer;
use crate::{
    clock::Clock,
    domain::{DeliveryId, RouteId},
    ledger::{Ledger, delivery::NewDelivery},
};

pub use token::ReceiverRoute;
pub use unknown::UnknownTokens;

/// How long the ledger may take before the client is told to come again: AC hangs up after 5 s.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// How long a body may take: AC hangs up after 5 s, a slow proxy may take twice that.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// What stands before a token in a webhook's path.
const PREFIX: &str = "/webhooks/";

/// Receives webhooks; clones share their counts.
#[derive(Clone)]
pub struct Receiver(Arc<Inlet>);

struct Inlet {
    ledger: Ledger,
    clock: Clock,
    taken: RwLock<Taken>,
    body_within: Duration,
    wake: Arc<Notify>,
    unknown: UnknownTokens,
    guesses: Guesses,
    refused: Refused,
}

/// What is taken, as it is configured now.
struct Taken {
    tokens: Arc<Tokens>,
    body_bytes_max: usize,
}

impl Receiver {
    /// A receiver of these routes; `wake` is told of each delivery that was kept.
    pub fn new(
        ledger: Ledger,
        clock: Clock,
        routes: impl IntoIterator<Item = ReceiverRoute>,
        body_bytes_max: usize,
        wake: Arc<Notify>,
    ) -> Self {
        Self(Arc::new(Inlet {
            ledger,
            clock,
            taken: RwLock::new(Taken { tokens: Arc::new(Tokens::new(routes)), body_bytes_max }),
            body_within: BODY_WITHIN,
            wake,
            unknown: UnknownTokens::default(),
            guesses: Guesses::default(),
            refused: Refused::default(),
        }))
    }

    /// Takes these routes from now on; a request that is on its way goes by what it found.
    pub fn take_over(
        &self,
        routes: impl IntoIterator<Item = ReceiverRoute>,
        body_bytes_max: usize,
    ) {
        let taken = Taken { tokens: Arc::new(Tokens::new(routes)), body_bytes_max };
        *self.0.taken.write().unwrap_or_else(PoisonError::into_inner) = taken;
    }

    /// The counter of requests to webhook URLs that nobody configured.
    pub fn unknown_tokens(&self) -> UnknownTokens {
        self.0.unknown.clone()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("ledger", &self.0.ledger).finish_non_exhaustive()
    }
}

/// All that is served at the receiver's address: there is one path, and a router in front of it
/// would box each request several times to find that out.
impl<B> Service<Request<B>> for Receiver
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inlet = Arc::clone(&self.0);
        Box::pin(async move { Ok(inlet.receive(request).await) })
    }
}

/// The answer to a delivery that is on disk.
fn accepted(receipt: DeliveryId) -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, format!(r#"{{"receipt":"{receipt}"}}"#)).into_response()
}

impl Inlet {
    fn taken(&self) -> RwLockReadGuard<'_, Taken> {
        self.taken.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn receive<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        // Whatever follows, in as many parts as there are: a token with something behind it is a
        // wrong one too. Everything else is an empty `404`.
        let Some(token) = head.uri.path().strip_prefix(PREFIX) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let Some(route) = self.route(token) else {
            self.unknown.hit();
            let mut answer = StatusCode::NOT_FOUND.into_response();
            if self.guesses.miss().await == Manner::Close {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            return answer;
        };
        match head.method {
            Method::POST => match self.keep(route, &head, body).await {
                Ok(receipt) => accepted(receipt),
                Err(refusal) => refusal.into_response(),
            },
            Method::GET | Method::HEAD => "ok".into_response(),
            _ => {
                let allowed = [(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))];
                (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response()
            }
        }
    }

    /// The route of a token.
    fn route(&self, token: &str) -> Option<RouteId> {
        let tokens = Arc::clone(&self.taken().tokens);
        // Somebody between AC and here may have written a `~` as `%7E`.
        tokens.route(&Cow::from(percent_decode_str(token)))
    }

    /// Keeps a delivery; it is on disk when this returns.
    async fn keep<B>(&self, route: RouteId, head: &Parts, body: B) -> Result<DeliveryId, Refusal>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let peer = head.extensions.get::<Peer>();
        let body = read_body(body, self.taken().body_bytes_max);
        let body = timeout(self.body_within, body).await.map_err(|_| Refusal::TooSlow)??;
        let new = NewDelivery {
            route,
            received_at: self.clock.now(),
            peer: peer.map_or_else(String::new, |it| it.0.ip().to_canonical().to_string()),
            headers: headers::kept(&head.headers),
            body,
        };
        #[cfg(feature = "mutations")]
        if crate::mutation::is_off(crate::mutation::Protection::CommitBeforeAnswer) {
            return Ok(self.answer_first(new));
        }
        // A write that is given up before its turn is skipped; in its turn it is kept all the
        // same, and AC or whoever repeats it delivers twice: matching merges the two.
        let kept = self.ledger.accept(new);
        match timeout(STORE_WITHIN, kept).await {
            Ok(Ok(receipt)) => {
                self.refused.note_kept();
                self.wake.notify_one();
                tracing::info!(delivery.id = receipt.0, route.id = route.0, "kept a delivery");
                Ok(receipt)
            }
            Ok(Err(error)) => Err(self.refused.note(Some(&error))),
            Err(_) => Err(self.refused.note(None)),
        }
    }

    /// What must never be done: answers, and keeps the delivery afterwards.
    #[cfg(feature = "mutations")]
    fn answer_first(&self, new: NewDelivery) -> DeliveryId {
        let (ledger, wake) = (self.ledger.clone(), Arc::clone(&self.wake));
        #[expect(clippy::disallowed_methods, reason = "a mistake, made on purpose")]
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = ledger.accept(new).await;
            wake.notify_one();
        });
        DeliveryId(0)
    }
}

#[cfg(test)]
mod tests;
