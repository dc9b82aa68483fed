//! Accepts connections and serves them, HTTP/1 only.
//!
//! A loop of our own, because what comes with axum bounds neither the number of connections nor
//! the time for a header. Promises that a slow, silent or greedy client costs a bounded amount for
//! a bounded time and keeps nobody else out, that an answer sent is an answer the client can read,
//! and that a request in work when the service stops is answered. What is served is the business of
//! the service that answers.

mod seats;

use std::{convert::Infallible, future::poll_fn, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use http::{HeaderValue, Request, Response, header::CONNECTION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::seats::{Seat, Seats};

/// The longest wait after the kernel refused a connection; descriptors come free meanwhile.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// How long a place that was asked for may take to come free; a connection that waits goes at once,
/// but all may have had a request in work.
const FREE_AGAIN: Duration = Duration::from_millis(20);

/// How long a connection lives at most: whoever reads no answer gives its place back some day.
const CONNECTION_LIFE: Duration = Duration::from_hours(1);

/// How long what a client still sends after its answer is thrown away, so that it sees the answer.
///
/// A close with unread bytes resets the connection, and the answer is lost with it. AC itself
/// hangs up after five seconds.
const LINGER: Duration = Duration::from_secs(5);

/// Bytes kept for reading and writing by a connection: a head is a few hundred, a webhook's body a
/// few thousand, and a larger one comes in pieces.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// What one listener grants to its clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; a further one takes the place of one that waits for its client, or
    /// waits itself, in the kernel's line, where each has a request in work.
    pub connections: usize,
    /// How long a request's head may take, counted from the end of the one before.
    pub head_within: Duration,
    /// How long requests in work may take once the service stops.
    pub drain_within: Duration,
}

impl Limits {
    /// For webhooks: half of the 1,024 descriptors that a process has by default, so that the
    /// ledger and the calls to both APIs always get theirs.
    pub const RECEIVER: Self = Self {
        connections: 512,
        head_within: Duration::from_secs(5),
        drain_within: Duration::from_secs(5),
    };

    /// For the page: a few browsers and a monitor.
    pub const ADMIN: Self = Self { connections: 64, ..Self::RECEIVER };
}

/// What answers requests: a router, or one service for all of them.
pub trait Answers:
    Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Future<Output = Result<Response<Body>, Infallible>> + Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Answers for S where
    S: Service<
            Request<Incoming>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Future<Output = Result<Response<Body>, Infallible>> + Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// Who asks, as the socket says; an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves until `stopping`, then lets requests in work end.
pub async fn serve(
    listener: TcpListener,
    service: impl Answers,
    limits: Limits,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let seats = Arc::new(Seats::default());
    // Dropped with this future, and its connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            (stream, peer) = accept(&listener) => {
                let place = tokio::select! {
                    () = stopping.cancelled() => break,
                    place = a_place(&places, &seats) => place,
                };
                let connection = Connection {
                    service: service.clone(),
                    peer: Peer(peer),
                    limits,
                    places: Arc::clone(&places),
                    seat: seats.take(),
                    // Its own, so that connections do not meet at one lock whenever one is woken.
                    stopping: stopping.child_token(),
                };
                connections.spawn(connection.serve(stream, place));
            }
        }
    }
    drop(listener);
    let drained = async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    };
    if timeout(limits.drain_within, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "stopped with requests in work");
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "serving a connection broke off; please report this as a bug");
    }
}

/// A place for a connection: a free one, else that of the one that has waited longest.
async fn a_place(places: &Arc<Semaphore>, seats: &Seats) -> OwnedSemaphorePermit {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return place;
    }
    loop {
        seats.free_one();
        let freed = Arc::clone(places).acquire_owned();
        if let Ok(place) = timeout(FREE_AGAIN, freed).await {
            return place.expect("nobody closes the semaphore");
        }
    }
}

/// The next connection; errors are waited out.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut has_warned = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer),
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                if !has_warned {
                    tracing::warn!(%error, "no connection can be accepted for now");
                    has_warned = true;
                }
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Whether the next client may do better at once; else the machine is short of something.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// One connection and what its requests need.
struct Connection<S> {
    service: S,
    peer: Peer,
    limits: Limits,
    places: Arc<Semaphore>,
    seat: Seat,
    stopping: CancellationToken,
}

impl<S: Answers> Connection<S> {
    async fn serve(self, stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are small and somebody waits for each.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| Box::pin(self.answer(request)));
        let mut served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_within)
            .max_buf_size(BUFFER_BYTES_MAX)
            .keep_alive(true)
            .serve_connection(TokioIo::new(stream), service);
        let farewell = async {
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = sleep(CONNECTION_LIFE) => {}
            }
        };
        let ended = tokio::select! {
            // First, so that a request that has come in is one in work.
            biased;
            ended = poll_fn(|cx| served.poll_without_shutdown(cx)) => ended,
            () = self.seat.given_up() => {
                tracing::debug!("a client that sent nothing gave its place to another");
                return;
            }
            () = farewell => {
                Pin::new(&mut served).graceful_shutdown();
                let last = poll_fn(|cx| served.poll_without_shutdown(cx));
                // Whoever reads no answer by then is cut off.
                timeout(self.limits.drain_within, last).await.unwrap_or(Ok(()))
            }
        };
        match ended {
            Ok(()) if !self.stopping.is_cancelled() => {
                // It has its answer, and only reads it.
                self.seat.wait();
                let stream = served.into_parts().io.into_inner();
                tokio::select! {
                    () = linger(stream) => {}
                    () = self.seat.given_up() => {}
                }
            }
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "a client left, or was sent away"),
        }
        drop(place);
    }

    /// The service's answer, and a farewell where places are short.
    async fn answer(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        self.seat.work();
        request.extensions_mut().insert(self.peer);
        let mut response = self.service.clone().call(request).await?;
        // What is returned here is written before anybody asks who waits.
        self.seat.wait();
        // A client that only keeps its connection must not keep another one out.
        if self.places.available_permits() < self.limits.connections / 4 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Closes our side, and reads until the client has closed its own.
async fn linger(mut stream: TcpStream) {
    let farewell = async {
        stream.shutdown().await?;
        let mut waste = vec![0; 16 * 1024];
        while stream.read(&mut waste).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // Either way it is over.
    let _ = timeout(LINGER, farewell).await;
}

#[cfg(test)]
mod tests;
