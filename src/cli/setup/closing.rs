//! What is left to do: the webhook's URL, what to click in `ActiveCampaign`, what to run.

use std::path::Path;

use secrecy::ExposeSecret;

use super::{Wishes, accounts::Accounts};
use crate::config::{Config, Membership, Route};

/// The words after the configuration was written.
pub(super) fn words(path: &Path, config: &Config, wishes: &Wishes, accounts: &Accounts) -> String {
    let base = base(config, wishes);
    let routes = config.routes.iter().filter(|route| wishes.routes.contains(&route.name));
    let mut parts: Vec<String> = routes.map(|route| clicks(route, &base, accounts)).collect();
    let file = path.display();
    if config.ledger.path.is_relative() {
        parts.push(format!(
            "The ledger is {} in the folder where ponte is called. For a service, set `ledger.path` to \
             its whole path, such as /var/lib/ponte/ponte.db: a command that is called elsewhere then \
             finds the same one.",
            config.ledger.path.display()
        ));
    }
    parts.push(format!(
        "Then:\n  ponte --config {file} check --online\n  ponte --config {file} run\n\n\
         Opened in a browser, the webhook's URL answers \"ok\" once `run` is up. Keep it to \
         yourself: who knows it can have contacts looked up."
    ));
    parts.join("\n\n")
}

/// What stands before `/webhooks/`.
fn base(config: &Config, wishes: &Wishes) -> String {
    match &wishes.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        // Simulators on this machine: they reach the receiver as it listens.
        None if config.activecampaign.url.starts_with("http://") => {
            format!("http://{}", config.receiver.listen)
        }
        None => "https://<your host>".to_owned(),
    }
}

fn clicks(route: &Route, base: &str, accounts: &Accounts) -> String {
    let url = format!("{base}/webhooks/{}", route.webhook_token.expose_secret());
    let place = match &route.membership {
        Membership::Automation(id) => {
            let name = accounts.automation(*id).unwrap_or_default();
            format!("1. Automations: open \"{name}\" (number {id}).")
        }
        Membership::Tag(tag) => {
            format!("1. Automations: make one that starts when the tag \"{tag}\" is added.")
        }
        Membership::List(id) => {
            format!("1. Automations: make one that starts when a contact subscribes to list {id}.")
        }
        Membership::EveryContact => {
            "1. Automations: make one that starts when a contact subscribes to any list.".to_owned()
        }
    };
    format!(
        "In ActiveCampaign, for the route \"{}\":\n  {place}\n  \
         2. Add the action Webhook (under Conditions and workflow) as its first, directly below the\n     \
         start: what stands before it, such as a wait or a condition, can keep it from being sent.\n  \
         3. Its URL: {url}\n  4. Save, and see that the automation is active.",
        route.name
    )
}
