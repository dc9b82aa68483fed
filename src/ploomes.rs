//! Ploomes: its API as typed calls.
//!
//! [`Reader`] cannot change anything; only the engine's executor is given a [`Writer`].

mod answer;
mod api;
mod catalog;
pub mod filter;
mod json;
mod keys;
pub mod model;
mod pages;
pub mod query;
pub mod reader;
pub mod search;
pub mod standing;
pub mod writer;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use http::HeaderName;
use secrecy::SecretString;

pub use api::Turn;
pub use filter::{Filter, Literal};
pub use model::DealView;
pub use query::{Expand, Query};
pub use reader::Reader;
pub use search::Found;
pub use writer::{FieldSpec, Writer, Written};

use crate::{
    clock::Clock,
    transport::{BadEndpoint, Endpoint, Limiter, Sender, Wire},
};

/// The way to a Ploomes account, for [`Reader::new`] and [`Writer::new`].
pub fn sender(
    url: &str,
    user_key: SecretString,
    timeout: Duration,
    wire: Wire,
    limiter: Arc<Limiter>,
    clock: Clock,
) -> Result<Sender, BadEndpoint> {
    let endpoint = Endpoint {
        api: "Ploomes",
        base: url.trim_end_matches('/').to_owned(),
        header: HeaderName::from_static("user-key"),
        key: user_key,
        timeout,
    };
    Sender::new(endpoint, wire, limiter, clock)
}
