//! The sections about who `ponte` talks to: both APIs, the receiver, the admin page.

use std::{net::SocketAddr, time::Duration};

use secrecy::SecretString;

use super::{problem::Fault, section::Section, value};

/// What AC allows an account, shared with every other integration.
///
/// Source: the `activecampaign` documentation, "Rate limits".
const ACTIVECAMPAIGN_PER_SECOND: i64 = 5;

/// What Ploomes allows an account, shared with every other integration.
const PLOOMES_PER_MINUTE: i64 = 120;

/// More than any API takes: a slip of the keyboard.
const RATE_MAX: i64 = 100_000;

/// `[activecampaign]`
#[derive(Debug, Clone)]
pub struct ActiveCampaign {
    /// The base of the API, ending in `/api/3`.
    pub url: String,
    /// The account's key.
    pub api_key: SecretString,
    /// Requests a second, at least 1.
    pub requests_per_second: u32,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl ActiveCampaign {
    /// The account's host, which is part of lead keys.
    pub fn host(&self) -> &str {
        let authority = self.url.split("://").nth(1).unwrap_or(&self.url);
        let end = authority.find('/').unwrap_or(authority.len());
        let host = &authority[..end];
        // An IPv6 host has colons of its own, and a bracket behind them.
        match host.rfind(':') {
            Some(colon) if !host[colon..].contains(']') => &host[..colon],
            _ => host,
        }
    }

    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let url = section.parsed("url", value::activecampaign_url);
        let api_key = section.secret("api_key", value::credential);
        let rate = section.whole("requests_per_second", 1..=RATE_MAX);
        warn_above(section, "requests_per_second", rate, ACTIVECAMPAIGN_PER_SECOND, "a second");
        let timeout = section.positive_duration("timeout");
        Some(Self { url: url?, api_key: api_key?, requests_per_second: rate?, timeout: timeout? })
    }
}

/// `[ploomes]`
#[derive(Debug, Clone)]
pub struct Ploomes {
    /// The base of the API.
    pub url: String,
    /// The key of the user that everything is created by.
    pub user_key: SecretString,
    /// Requests in any 60 s, at least 1.
    pub requests_per_minute: u32,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a write in doubt may still be on its way, from when its answer was given up.
    pub settle: Duration,
    /// The key of the text field of deals that carries the lead key.
    pub lead_key_field: Option<String>,
    /// The base of links to records.
    pub app_url: Option<String>,
}

impl Ploomes {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let url = section.parsed("url", value::base_url);
        let user_key = section.secret("user_key", value::credential);
        let rate = section.whole("requests_per_minute", 1..=RATE_MAX);
        warn_above(section, "requests_per_minute", rate, PLOOMES_PER_MINUTE, "a minute");
        let timeout = section.positive_duration("timeout");
        let settle = section.duration("settle");
        let lead_key_field = section.parsed("lead_key_field", deal_field);
        let app_url = section.parsed("app_url", value::base_url);
        Some(Self {
            url: url?,
            user_key: user_key?,
            requests_per_minute: rate?,
            timeout: timeout?,
            settle: settle?,
            lead_key_field,
            app_url,
        })
    }
}

/// `[receiver]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Where webhooks come in.
    pub listen: SocketAddr,
    /// The largest body, in bytes.
    pub max_body: usize,
}

impl Receiver {
    /// Bodies are held in memory, one for each connection.
    const BODY_BYTES_MAX: i64 = 64 * 1024 * 1024;

    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let listen = section.parsed("listen", value::address);
        let max_body = section.whole("max_body", 1..=Self::BODY_BYTES_MAX);
        Some(Self { listen: listen?, max_body: max_body? })
    }
}

/// The language of the admin page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `pt-BR`
    Portuguese,
    /// `en`
    English,
}

/// `[admin]`
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where the admin page is.
    pub listen: SocketAddr,
    /// The argon2 PHC string of the password; there is one unless `listen` is on loopback.
    pub password_hash: Option<SecretString>,
    /// The language of the page.
    pub language: Language,
}

impl Admin {
    const LANGUAGES: [(&'static str, Language); 2] =
        [("pt-BR", Language::Portuguese), ("en", Language::English)];

    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let listen = section.parsed("listen", value::address);
        let password_hash = section.secret("password_hash", value::password_hash);
        let language = section.choice("language", &Self::LANGUAGES);
        let has_hash = section.has("password_hash") || section.has("password_hash_file");
        if let Some(listen) = listen.filter(|it| !it.ip().is_loopback() && !has_hash) {
            let message = format!("{listen} is not on loopback, so `password_hash` is needed");
            section.error("listen", Fault::new(message).hint("`ponte password` makes one"));
        }
        Some(Self { listen: listen?, password_hash, language: language? })
    }
}

/// Warns of a rate that the API does not give.
fn warn_above(
    section: &mut Section<'_, '_>,
    name: &str,
    rate: Option<u32>,
    allowed: i64,
    unit: &str,
) {
    if let Some(rate) = rate.filter(|rate| i64::from(*rate) > allowed) {
        let message = format!("{rate} {unit} is more than the {allowed} that an account has");
        section.warning(name, Fault::new(message).hint("requests above it are refused with 429"));
    }
}

/// Checks the key of a custom field of deals.
fn deal_field(text: &str) -> Result<String, Fault> {
    let text = value::text(text)?;
    if text.starts_with("deal_") {
        return Ok(text);
    }
    let fault = value::found(&text, "the key of a custom field of deals: deal_…");
    Err(fault.hint("`ponte fields ploomes` lists them"))
}
