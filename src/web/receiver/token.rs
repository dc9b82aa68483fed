//! Which route a token belongs to, in a time that says nothing about any token.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::{config, domain::RouteId};

/// A route as the receiver knows it.
#[derive(Clone)]
pub struct ReceiverRoute {
    /// Its row in the ledger.
    pub id: RouteId,
    /// The last part of its webhook's URL.
    pub token: SecretString,
    /// Accepted as well, while the URL is changed in AC.
    pub previous: Option<SecretString>,
}

impl ReceiverRoute {
    /// The receiver's part of a configured route.
    pub fn new(id: RouteId, route: &config::Route) -> Self {
        Self {
            id,
            token: route.webhook_token.clone(),
            previous: route.webhook_token_previous.clone(),
        }
    }
}

impl fmt::Debug for ReceiverRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverRoute").field("id", &self.id).finish_non_exhaustive()
    }
}

/// All tokens.
///
/// Compared are hashes, so that neither the length nor the beginning of a token shows in the time
/// that a guess takes, and all of them, so that its place does not show either.
pub(super) struct Tokens(Vec<([u8; 32], RouteId)>);

impl Tokens {
    pub(super) fn new(routes: impl IntoIterator<Item = ReceiverRoute>) -> Self {
        let mut tokens = Vec::new();
        for route in routes {
            for token in [Some(route.token), route.previous].into_iter().flatten() {
                tokens.push((hash(token.expose_secret().as_bytes()), route.id));
            }
        }
        Self(tokens)
    }

    /// The route of a token; no two routes share one.
    pub(super) fn route(&self, token: &[u8]) -> Option<RouteId> {
        let token = hash(token);
        let (mut is_found, mut found) = (Choice::from(0), 0);
        for (known, route) in &self.0 {
            let is_same = known.ct_eq(&token);
            is_found |= is_same;
            found.conditional_assign(&route.0, is_same);
        }
        bool::from(is_found).then_some(RouteId(found))
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_and_each_previous_one_finds_its_route_and_nothing_else_does() {
        let route = |id, token: &str, previous: Option<&str>| ReceiverRoute {
            id: RouteId(id),
            token: token.into(),
            previous: previous.map(Into::into),
        };
        let tokens = Tokens::new([
            route(1, "first-route-token", None),
            route(2, "second-route-token", Some("second-route-before")),
            route(3, "third-route-token", None),
        ]);
        let found = |token: &str| tokens.route(token.as_bytes()).map(|it| it.0);
        assert_eq!(found("first-route-token"), Some(1));
        assert_eq!(found("second-route-token"), Some(2));
        assert_eq!(found("second-route-before"), Some(2));
        assert_eq!(found("third-route-token"), Some(3));
        for wrong in ["", "first-route-toke", "first-route-token2", "FIRST-ROUTE-TOKEN"] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_route_shows_no_token() {
        let route =
            ReceiverRoute { id: RouteId(1), token: "first-route-token".into(), previous: None };
        assert_eq!(format!("{route:?}"), "ReceiverRoute { id: RouteId(1), .. }");
    }
}
