//! How a request reaches the other side: over a socket, or straight into a simulator.
//!
//! The second exists so that the whole engine runs deterministically under paused time; it says
//! the same things about failures as the first.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};

/// Something in this process that answers requests as a remote API does.
pub trait Remote: Send + Sync {
    /// Answers one request, or fails as a connection does.
    ///
    /// Never answers when the other side stays silent: the caller has the timeout.
    fn call<'a>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>>;
}

/// A way to the other side.
#[derive(Clone)]
pub enum Wire {
    /// Sockets; never follows a redirect, retries, or uses a proxy from the environment.
    Http(reqwest::Client),
    /// A simulator in this process.
    InProcess(Arc<dyn Remote>),
}

/// Why no whole answer came.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The request certainly did not reach the application: refused, DNS, TLS.
    #[error("no connection: {0}")]
    NotSent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The request may have reached the application: reset, cut off, unreadable.
    #[error("the connection broke: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing came for this long.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
}

impl WireError {
    /// One word for logs.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not sent",
            Self::Broken(_) => "broken",
            Self::Timeout(_) => "timeout",
        }
    }
}

/// The longest answer that is read, after decompression.
///
/// A page of 100 contacts with everything included is about 1 MiB, a page of 300 deals about 2: this
/// leaves room for very long custom values, and bounds what a broken server can make us hold. As a
/// tree of JSON the worst answer takes a dozen times as much, and several are read side by side.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Room made for an answer before it comes, at most, whatever length it says: a large page.
const ROOM_MAX: usize = 1 << 20;

/// How long a connection may take; less than any sensible timeout of an answer.
///
/// A request that did not even get a connection is known not to have been sent, which a timeout of the
/// whole call is not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept.
///
/// Shorter than what servers usually allow (30 s and more): a connection that the server closes just
/// when a request goes out leaves a write in doubt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Idle connections to one host: as many as there are passes side by side, with some room.
const IDLE_CONNECTIONS_MAX: usize = 16;

#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
struct TooLong;

impl Wire {
    /// Sends one request and reads the whole answer; has no timeout of its own.
    pub(crate) async fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, WireError> {
        match self {
            Self::Http(client) => over_http(client, request).await,
            Self::InProcess(remote) => {
                let answer = remote.call(request).await?;
                if answer.body().len() > ANSWER_BYTES_MAX {
                    return Err(WireError::Broken(Box::new(TooLong)));
                }
                Ok(answer)
            }
        }
    }
}

async fn over_http(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, WireError> {
    let request = reqwest::Request::try_from(request).map_err(classify)?;
    let mut answer = client.execute(request).await.map_err(classify)?;
    let status = answer.status();
    let headers = std::mem::take(answer.headers_mut());
    let said = answer.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = BytesMut::with_capacity(said.unwrap_or_default().min(ROOM_MAX));
    while let Some(chunk) = answer.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(WireError::Broken(Box::new(TooLong)));
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = http::Response::new(body.freeze());
    *whole.status_mut() = status;
    *whole.headers_mut() = headers;
    Ok(whole)
}

/// Says whether the request may have reached the other side.
///
/// Only what fails before there is a connection is certain. A kept connection that the server had
/// closed meanwhile looks the same as one that it closed after reading the request: in doubt.
fn classify(error: reqwest::Error) -> WireError {
    let certain = error.is_connect() || error.is_builder();
    // The address is known to the caller, and its query may hold a person's e-mail address.
    let error = Box::new(error.without_url());
    if certain { WireError::NotSent(error) } else { WireError::Broken(error) }
}

/// The client for sockets, with `user_agent`: no redirects, retries, proxies or cookies.
///
/// Installs the TLS provider of the process where none is installed yet. Fails where the machine has
/// no CA certificates.
pub fn http_client(user_agent: &str) -> Result<reqwest::Client, reqwest::Error> {
    // An error means that one is installed already, and that one is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .gzip(true)
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build()
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
