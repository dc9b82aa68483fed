//! Configurations for tests: what a person would write, with waits that fit a test.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use ponte::domain::AutomationId;

use super::accounts::{ACTIVECAMPAIGN_KEY, PLOOMES_KEY};

/// What is in a configuration; the default waits for nothing and is never in the way.
#[derive(Clone)]
pub struct Settings {
    /// `ploomes.requests_per_minute`.
    pub requests_per_minute: u32,
    /// `activecampaign.requests_per_second`.
    pub requests_per_second: u32,
    /// `timeout` of both services.
    pub timeout: &'static str,
    /// `ploomes.settle`.
    pub settle: &'static str,
    /// `ploomes.lead_key_field`.
    pub lead_key_field: Option<String>,
    /// `schedule.poll`; where it is `None`, polls run only when they are asked for.
    pub poll: Option<&'static str>,
    /// `retry.first`.
    pub retry_first: &'static str,
    /// `retry.max`.
    pub retry_max: &'static str,
    /// `retry.attempts`.
    pub attempts: u32,
    /// `retry.give_up`.
    pub give_up: &'static str,
    /// `reconcile.max_repairs`.
    pub max_repairs: u32,
    /// `[[route]]`.
    pub routes: Vec<Route>,
}

impl Settings {
    /// With these routes.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        Self {
            requests_per_minute: 60_000,
            requests_per_second: 1_000,
            timeout: "5s",
            settle: "300ms",
            lead_key_field: None,
            poll: None,
            retry_first: "50ms",
            retry_max: "500ms",
            attempts: 3,
            give_up: "1h",
            max_repairs: 1_000,
            routes: routes.into_iter().collect(),
        }
    }

    /// The text of the file, for services at these addresses.
    pub fn toml(&self, activecampaign: SocketAddr, ploomes: SocketAddr, ledger: &Path) -> String {
        // Once in years: the schedule asks for a time, and no test waits for it.
        let poll = self.poll.unwrap_or("0 0 0 29 2 *");
        let key_field = self.lead_key_field.as_ref();
        let key_field = key_field.map(|key| format!("lead_key_field = \"{key}\"\n"));
        let key_field = key_field.unwrap_or_default();
        let Self { requests_per_minute, requests_per_second, timeout, settle, .. } = self;
        let Self { retry_first, retry_max, attempts, give_up, max_repairs, .. } = self;
        let ledger = ledger.display();
        let mut text = format!(
            r#"[activecampaign]
url = "http://{activecampaign}"
api_key = "{ACTIVECAMPAIGN_KEY}"
requests_per_second = {requests_per_second}
timeout = "{timeout}"
[ploomes]
url = "http://{ploomes}"
user_key = "{PLOOMES_KEY}"
requests_per_minute = {requests_per_minute}
timeout = "{timeout}"
settle = "{settle}"
{key_field}[receiver]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "{ledger}"
[schedule]
poll = "{poll}"
reconcile = "0 0 0 29 2 *"
[retry]
first = "{retry_first}"
max = "{retry_max}"
attempts = {attempts}
give_up = "{give_up}"
[reconcile]
max_repairs = {max_repairs}
"#
        );
        for route in &self.routes {
            text.push_str(&route.toml());
        }
        text
    }
}

/// The token of a route's URL.
pub fn token_of(route: &str) -> String {
    format!("token-of-the-route-{route}")
}

/// One `[[route]]`.
#[derive(Clone)]
pub struct Route {
    name: String,
    lines: String,
    map: String,
}

impl Route {
    /// A route of those who enter `automation`; `create` is one of the three behaviours.
    ///
    /// Deals are made in "Vendas", "Lead novo". The map is the default one.
    pub fn new(name: &str, create: &str, automation: AutomationId) -> Self {
        Self::of(name, create, &format!("automation = {automation}"))
    }

    /// A route of those that `members` says, such as `tag = "Lead"`.
    pub fn of(name: &str, create: &str, members: &str) -> Self {
        let (name, token) = (name.to_owned(), token_of(name));
        let lines = format!("{members}\ncreate = \"{create}\"\nwebhook_token = \"{token}\"\n");
        let route = Self { name, lines, map: String::new() };
        if create.ends_with("deal") {
            return route.with("pipeline = \"Vendas\"").with("stage = \"Lead novo\"");
        }
        route
    }

    /// With this line more.
    pub fn with(mut self, line: &str) -> Self {
        writeln!(self.lines, "{line}").unwrap();
        self
    }

    /// With this row in its map.
    pub fn from(self, from: &str, to: &str) -> Self {
        self.row(&format!("from = \"{from}\""), to, "")
    }

    /// With this row in its map, whose value must not be empty.
    pub fn required(self, from: &str, to: &str) -> Self {
        self.row(&format!("from = \"{from}\""), to, "required = true\n")
    }

    /// With this template in its map.
    pub fn template(self, template: &str, to: &str) -> Self {
        self.row(&format!("template = \"{template}\""), to, "")
    }

    fn row(mut self, source: &str, to: &str, more: &str) -> Self {
        write!(self.map, "[[route.map]]\n{source}\nto = \"{to}\"\n{more}").unwrap();
        self
    }

    fn toml(&self) -> String {
        format!("[[route]]\nname = \"{}\"\n{}{}", self.name, self.lines, self.map)
    }
}
