//! Who is signed in, and the tokens of forms.
//!
//! Sessions are kept in memory, by a hash of what the cookie holds: a restart signs everybody out,
//! and nothing that lets anybody in stands in the ledger. The token of a form is a keyed hash of
//! the session, so that no other site, and no other session, can make one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::{TryRngCore as _, rngs::OsRng};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

/// How long a session lasts without a request.
const IDLE_MAX: Duration = Duration::from_mins(30);

/// How long a session lasts at most: a working day.
pub(super) const LIFE_MAX: Duration = Duration::from_hours(12);

/// Sessions at once; the one that was idle the longest gives its place to a new one.
const SESSIONS_MAX: usize = 64;

/// Bytes of a secret.
const BYTES: usize = 32;

type Digest = [u8; BYTES];

/// All who are signed in.
pub(super) struct Sessions {
    key: Digest,
    open: Mutex<BTreeMap<Digest, Session>>,
}

#[derive(Clone, Copy)]
struct Session {
    since: Instant,
    last: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now - self.last >= IDLE_MAX || now - self.since >= LIFE_MAX
    }
}

impl Sessions {
    pub(super) fn new() -> Self {
        let key = random().expect("the operating system gives random bytes to a process");
        Self { key, open: Mutex::default() }
    }

    /// Begins a session; returns what its cookie holds.
    pub(super) fn begin(&self) -> Option<String> {
        let secret = secret()?;
        let now = Instant::now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.is_over(now));
        if open.len() >= SESSIONS_MAX
            && let Some(idlest) = open.iter().min_by_key(|it| it.1.last).map(|it| *it.0)
        {
            open.remove(&idlest);
        }
        open.insert(Sha256::digest(&secret).into(), Session { since: now, last: now });
        Some(secret)
    }

    /// Whether a cookie's session goes on; being asked keeps it from getting idle.
    pub(super) fn goes_on(&self, secret: &str) -> bool {
        self.look(secret, true)
    }

    /// The same, for a page that only follows the numbers: it keeps nobody signed in.
    pub(super) fn is_open(&self, secret: &str) -> bool {
        self.look(secret, false)
    }

    fn look(&self, secret: &str, touch: bool) -> bool {
        let (digest, now) = (Digest::from(Sha256::digest(secret)), Instant::now());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = open.get_mut(&digest) else { return false };
        if session.is_over(now) {
            open.remove(&digest);
            return false;
        }
        if touch {
            session.last = now;
        }
        true
    }

    pub(super) fn end(&self, secret: &str) {
        let digest = Digest::from(Sha256::digest(secret));
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest);
    }

    /// The token of forms in a session, or of those who have none.
    pub(super) fn token(&self, secret: Option<&str>) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(secret.unwrap_or("visitor").as_bytes());
        hex(&mac.finalize().into_bytes().into())
    }

    /// Whether a form's token is that of its session.
    pub(super) fn is_token(&self, secret: Option<&str>, token: &str) -> bool {
        self.token(secret).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Something that nobody guesses, in hexadecimal digits; `None` where the system has no chance.
pub(super) fn secret() -> Option<String> {
    Some(hex(&random()?))
}

fn random() -> Option<Digest> {
    let mut bytes = [0; BYTES];
    OsRng.try_fill_bytes(&mut bytes).ok()?;
    Some(bytes)
}

fn hex(bytes: &Digest) -> String {
    crate::ledger::audit::hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_it_is_idle_and_at_the_end_of_its_life() {
        let sessions = Sessions::new();
        let idle = sessions.begin().unwrap();
        tokio::time::advance(IDLE_MAX / 2).await;
        assert!(sessions.is_open(&idle));
        tokio::time::advance(IDLE_MAX / 2).await;
        assert!(!sessions.goes_on(&idle), "following the numbers is no use of it");
        let busy = sessions.begin().unwrap();
        let begin = Instant::now();
        while sessions.goes_on(&busy) {
            tokio::time::advance(IDLE_MAX / 2).await;
        }
        assert_eq!(begin.elapsed(), LIFE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn who_signs_out_is_out_and_the_idlest_gives_way_to_one_too_many() {
        let sessions = Sessions::new();
        let out = sessions.begin().unwrap();
        sessions.end(&out);
        assert!(!sessions.goes_on(&out));
        let (busy, idle) = (sessions.begin().unwrap(), sessions.begin().unwrap());
        for _ in 2..=SESSIONS_MAX {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(sessions.goes_on(&busy) && sessions.is_open(&idle));
            sessions.begin().unwrap();
        }
        assert!(sessions.goes_on(&busy) && !sessions.is_open(&idle));
    }

    #[test]
    fn a_token_is_of_one_session_only() {
        let sessions = Sessions::new();
        let token = sessions.token(Some("one"));
        assert!(sessions.is_token(Some("one"), &token));
        for other in [Some("other"), None] {
            assert!(!sessions.is_token(other, &token));
        }
        assert!(!Sessions::new().is_token(Some("one"), &token), "another process has another key");
    }
}
