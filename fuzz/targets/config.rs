//! The configuration: whatever the file and the environment hold, it is a configuration or a list of
//! problems that each say where, and no secret shows.
//!
//! The first part of the input is the file, each further one, after a zero byte, a variable
//! `NAME=value`.

use std::collections::BTreeMap;

use ponte::config::{self, Config, Loaded};
use secrecy::ExposeSecret;

pub fn run(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    if input.contains("/dev/") || input.contains("/proc/") {
        // A secret can be read from a file, and those never end.
        return;
    }
    let mut parts = input.split('\0');
    let text = parts.next().unwrap_or_default();
    let environment: BTreeMap<String, String> = parts
        .filter_map(|it| it.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let lines = text.lines().count() + 1;
    let problems = match config::parse_with("config.toml", text, &environment) {
        Ok(Loaded { config, warnings }) => {
            hides_secrets(&config, input, &warnings);
            warnings
        }
        Err(problems) => {
            assert!(!problems.0.is_empty(), "refused without a reason");
            assert!(problems.to_string().contains("config.toml") || !environment.is_empty());
            problems.0
        }
    };
    for problem in &problems {
        assert!(!problem.message.is_empty());
        assert!(problem.line.is_none_or(|it| (1..=lines).contains(&it)), "{problem}");
    }
}

/// A secret that stands nowhere else in the input stands nowhere in what is shown.
fn hides_secrets(config: &Config, input: &str, warnings: &[config::Problem]) {
    let mut shown = format!("{config:?}");
    for warning in warnings {
        shown.push_str(&warning.to_string());
    }
    let routes = config.routes.iter().map(|it| &it.webhook_token);
    let secrets =
        [&config.activecampaign.api_key, &config.ploomes.user_key].into_iter().chain(routes);
    for secret in secrets.map(ExposeSecret::expose_secret) {
        let once = input.matches(secret).count() == 1;
        assert!(secret.len() < 12 || !once || !shown.contains(secret), "a secret shows");
    }
}
