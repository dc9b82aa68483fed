//! How a request reaches the other side: over a socket, or straight into a simulator.
//!
//! The second exists so that the whole engine runs deterministically under paused time; it says
//! the same things about failures as the first.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

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
