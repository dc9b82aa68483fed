//! The HTTP face of a simulator: requests come over a socket and go to a [`Remote`].
//!
//! What a `Remote` says of a connection happens to the real one. An error closes it without an
//! answer, silence keeps it open, and an answer that is shorter than its own `Content-Length` is
//! cut off in the middle. A refusal looks like a closed connection, since the socket is open.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, future, stream};
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_LENGTH};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::transport::{Remote, WireError};

/// The largest body that is read, in bytes: far more than either service takes.
const BODY_MAX: usize = 64 << 20;

/// How long to wait after a connection could not be accepted.
///
/// That happens when the process has no file handles left; trying again at once would only burn
/// the processor until one is closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers what comes to `listener` with `remote` until `stopping`; then drops every connection.
pub async fn serve(listener: TcpListener, remote: Arc<dyn Remote>, stopping: CancellationToken) {
    // Dropped at the end, which ends the connections that are left.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&remote)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn converse(stream: TcpStream, remote: Arc<dyn Remote>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&remote)));
    // How a connection ends is the other side's business: nothing here is to be done about it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Reads the whole body, asks `remote`, and sends what it says.
async fn answer(
    request: Request<Incoming>,
    remote: Arc<dyn Remote>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, WireError> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        let mut refusal = Response::new(Bytes::new());
        *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(sent(refusal));
    };
    remote.call(Request::from_parts(head, body.to_bytes())).await.map(sent)
}

/// The answer as a stream, so that a `Content-Length` that promises more cuts it off.
fn sent(answer: Response<Bytes>) -> Response<impl Body<Data = Bytes, Error = Infallible>> {
    let (mut head, body) = answer.into_parts();
    head.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
    let whole = stream::once(future::ready(Ok(Frame::data(body))));
    // Looked at only when more was promised: the pause lets the first part go out before the
    // connection breaks.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Ok(Frame::data(Bytes::new()))
    });
    Response::from_parts(head, StreamBody::new(whole.chain(end)))
}

#[cfg(test)]
mod tests;
