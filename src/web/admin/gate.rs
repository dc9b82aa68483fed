//! The one password: asked by the sign-in page, and by HTTP Basic for programs that read metrics.
//!
//! Argon2 takes a core and 19 MiB for a moment, so that it is asked one request at a time, and not
//! again for a password that was right a few minutes ago. Each wrong one makes the next wait
//! longer. Whoever was let in is not made to wait by those who guess.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

use crate::web::password;

/// How long a right password is known without asking Argon2.
const KNOWN_FOR: Duration = Duration::from_mins(10);

/// Requests that may wait for Argon2; more are somebody who guesses.
const WAITING_MAX: usize = 8;

/// The wait after the first wrong password; each further one doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(200);

/// The longest wait: a guesser gets 12 tries a minute, a person who mistyped still gets in.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Who knows the password.
pub(super) struct Gate {
    hash: SecretString,
    known: Mutex<Option<Known>>,
    waiting: Semaphore,
    /// One at a time; holds what the wrong ones before have cost.
    misses: tokio::sync::Mutex<Misses>,
}

/// A password that was right.
struct Known {
    digest: [u8; 32],
    until: Instant,
}

/// What came of asking for the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// It is the one.
    Right,
    /// It is not.
    Wrong,
    /// Too many ask at once.
    Busy,
    /// What is configured is no hash.
    Broken,
}

#[derive(Default)]
struct Misses {
    pause: Duration,
    until: Option<Instant>,
}

impl Gate {
    pub(super) fn new(hash: SecretString) -> Self {
        Self {
            hash,
            known: Mutex::default(),
            waiting: Semaphore::new(WAITING_MAX),
            misses: tokio::sync::Mutex::default(),
        }
    }

    /// The answer to a program that is not let in.
    pub(super) async fn refuse(&self, headers: &HeaderMap) -> Option<Response> {
        let Some(password) = headers.get(header::AUTHORIZATION).and_then(password_of) else {
            return Some(ask());
        };
        match self.check(&password).await {
            Checked::Right => None,
            Checked::Busy => {
                let again = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
                Some((StatusCode::TOO_MANY_REQUESTS, again).into_response())
            }
            Checked::Wrong | Checked::Broken => Some(ask()),
        }
    }

    /// Whether this is the password.
    pub(super) async fn check(&self, password: &[u8]) -> Checked {
        let digest = Sha256::digest(password).into();
        if self.knows(&digest) {
            return Checked::Right;
        }
        let Ok(_place) = self.waiting.try_acquire() else { return Checked::Busy };
        self.ask_argon2(password.to_vec(), digest).await
    }

    fn knows(&self, digest: &[u8; 32]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| known.until > Instant::now());
        known.is_some_and(|known| known.digest.ct_eq(digest).into())
    }

    /// What Argon2 says of it.
    async fn ask_argon2(&self, password: Vec<u8>, digest: [u8; 32]) -> Checked {
        let mut misses = self.misses.lock().await;
        if self.knows(&digest) {
            // The one before had the same.
            return Checked::Right;
        }
        if let Some(until) = misses.until {
            sleep_until(until).await;
        }
        let hash = self.hash.clone();
        let checked =
            tokio::task::spawn_blocking(move || password::verify(&password, hash.expose_secret()));
        match checked.await {
            Ok(Ok(true)) => {
                *misses = Misses::default();
                let until = Instant::now() + KNOWN_FOR;
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Known { digest, until });
                return Checked::Right;
            }
            Ok(Ok(false)) => tracing::warn!("a wrong password was given for the admin page"),
            Ok(Err(error)) => {
                tracing::error!(%error, "nobody can sign in to the admin page");
                return Checked::Broken;
            }
            Err(error) => tracing::error!(%error, "checking a password broke off"),
        }
        misses.pause = (misses.pause * 2).clamp(PAUSE_FIRST, PAUSE_MAX);
        misses.until = Some(Instant::now() + misses.pause);
        Checked::Wrong
    }
}

fn ask() -> Response {
    let realm = HeaderValue::from_static(r#"Basic realm="ponte", charset="UTF-8""#);
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, realm)]).into_response()
}

/// The password of an `Authorization: Basic` header.
fn password_of(value: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = decode_base64(encoded.trim())?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

/// Decodes base64 (RFC 4648, section 4); `None` where the text is not that.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    /// "abre-te, sésamo", hashed so cheaply that a test can check it.
    fn gate() -> Gate {
        let cheap = argon2::Argon2::new(
            argon2::Algorithm::Argon2id,
            argon2::Version::V0x13,
            argon2::Params::new(8, 1, 1, None).unwrap(),
        );
        let hash: argon2::password_hash::phc::PasswordHash = cheap
            .hash_password_with_salt("abre-te, sésamo".as_bytes(), b"0123456789abcdef")
            .unwrap();
        Gate::new(hash.to_string().into())
    }

    fn encode_base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits = String::new();
        for byte in bytes {
            write!(bits, "{byte:08b}").unwrap();
        }
        while !bits.len().is_multiple_of(6) {
            bits.push('0');
        }
        let mut text: String = bits
            .as_bytes()
            .chunks(6)
            .map(|six| {
                let six = usize::from_str_radix(std::str::from_utf8(six).unwrap(), 2).unwrap();
                char::from(DIGITS[six])
            })
            .collect();
        while !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }

    fn with(pair: &str) -> HeaderMap {
        let value = format!("Basic {}", encode_base64(pair.as_bytes()));
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    async fn status(gate: &Gate, headers: &HeaderMap) -> Option<StatusCode> {
        gate.refuse(headers).await.map(|it| it.status())
    }

    #[tokio::test]
    async fn only_the_password_lets_in_and_the_name_does_not_matter() {
        let gate = gate();
        for right in ["ponte:abre-te, sésamo", ":abre-te, sésamo"] {
            assert_eq!(status(&gate, &with(right)).await, None, "{right}");
        }
        for wrong in ["ponte:abre-te", "ponte:", "abre-te, sésamo"] {
            assert_eq!(status(&gate, &with(wrong)).await, Some(StatusCode::UNAUTHORIZED));
        }
        let asked = gate.refuse(&HeaderMap::new()).await.unwrap();
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
        assert!(asked.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"));
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_take_longer_and_longer_and_keep_nobody_out_who_is_known() {
        let gate = gate();
        assert_eq!(status(&gate, &with("a:abre-te, sésamo")).await, None);
        let start = Instant::now();
        for guess in 0..7 {
            status(&gate, &with(&format!("a:{guess}"))).await;
        }
        // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 seconds: the first guess is free.
        assert!(start.elapsed() >= Duration::from_millis(11_200), "{:?}", start.elapsed());
        let start = Instant::now();
        assert_eq!(status(&gate, &with("a:abre-te, sésamo")).await, None);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_guess_side_by_side_are_not_all_kept_waiting() {
        let gate = gate();
        let guesses = (0..20).map(|guess| {
            let (gate, headers) = (&gate, with(&format!("a:{guess}")));
            async move { status(gate, &headers).await }
        });
        // Nobody is answered before all have asked: a place that is given up early is taken again.
        let held = gate.misses.lock().await;
        let go_on = async move { drop(held) };
        let guesses = futures_util::future::join_all(guesses);
        let (answers, ()) = futures_util::future::join(guesses, go_on).await;
        let sent_away =
            answers.iter().filter(|it| **it == Some(StatusCode::TOO_MANY_REQUESTS)).count();
        assert_eq!(sent_away, 20 - WAITING_MAX);
    }

    #[test]
    fn base64_is_decoded_as_it_was_encoded() {
        for text in ["", "a", "ab", "abc", "abcd", "ação:€🙂"] {
            assert_eq!(decode_base64(&encode_base64(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert_eq!(decode_base64("cG9udGU6c2VncmVkbw==").unwrap(), b"ponte:segredo");
        for wrong in ["a*b=", "a b=", "YQ==YQ=="] {
            assert_eq!(decode_base64(wrong), None, "{wrong}");
        }
    }
}
