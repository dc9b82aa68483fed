//! Commands that move work: `poll`, `pause`, `resume`, `retry`.

use serde_json::{Value, json};

use super::{
    Failure,
    args::{OfRoute, Retry},
    handover, say, say_json,
};
use crate::{
    clock::Clock,
    config::Config,
    domain::{Lane, LeadId},
    engine::jobs::kind,
    ledger::{self, Ledger, lead, retry},
};

/// One poll now; without a running engine, also what it found is brought in.
pub(super) async fn poll(config: &Config, json: bool) -> Result<(), Failure> {
    let answer = handover::perform(config, kind::POLL, json!({}), true).await?;
    if json {
        say_json(&answer);
    } else {
        for route in answer["routes"].as_array().into_iter().flatten() {
            let count = |key: &str| route[key].as_u64().unwrap_or_default();
            let ignored = if route["filter_ignored"] == true {
                "; ActiveCampaign ignored a filter, and all that it sent was compared here"
            } else {
                ""
            };
            say(&format!(
                "{}: {} entered, {} of them without a lead; {} changed{ignored}",
                route["route"].as_str().unwrap_or_default(),
                count("entered"),
                count("without_lead"),
                count("changed"),
            ));
        }
    }
    if answer["outcome"] == "complete" {
        return Ok(());
    }
    if !json {
        say(&format!(
            "partial: {}",
            answer["reason"].as_str().unwrap_or("not everything was read")
        ));
    }
    Err(Failure::Partial)
}

/// Stops or goes on writing, for one route or all.
pub(super) async fn pause(config: &Config, of: &OfRoute, pause: bool) -> Result<(), Failure> {
    super::is_configured(config, of.route.as_deref())?;
    let clock = Clock::system();
    let ledger = super::open_to_look(config, &clock)?;
    let only = of.route.clone();
    let routes: Vec<String> =
        ledger.write(move |tx| ledger::route::set_paused(tx, only.as_deref(), pause)).await?;
    handover::wake(config, &ledger, &clock).await?;
    ledger.close().await;
    if let (Some(name), true) = (&of.route, routes.is_empty()) {
        return Err(anyhow::anyhow!(
            "the ledger has no route \"{name}\" yet: `ponte run` makes it known"
        )
        .into());
    }
    let word = if pause { "paused" } else { "resumed" };
    if of.output.json {
        say_json(&json!({ word: routes }));
    } else if routes.is_empty() {
        say("no route was started yet: `ponte run` first");
    } else {
        say(&format!("{word}: {}", routes.join(", ")));
    }
    Ok(())
}

/// Puts leads or deliveries back into the queue.
pub(super) async fn retry(config: &Config, retry: &Retry) -> Result<(), Failure> {
    let clock = Clock::system();
    let ledger = super::open_what_is_there(config, &clock)?;
    let now = clock.now();
    let answer: Value = if retry.what.quarantined {
        json!({ "deliveries": retry::quarantined(&ledger, now).await? })
    } else if retry.what.failed {
        let mut leads = Vec::new();
        retry::failed(&ledger, now, |some| leads.extend(some)).await?;
        json!({ "leads": leads })
    } else {
        let leads = chosen(&ledger, retry).await?;
        json!({ "leads": ledger.write(move |tx| retry::put_back(tx, &leads, &retry::ANY, Lane::Fresh, now)).await? })
    };
    handover::wake(config, &ledger, &clock).await?;
    ledger.close().await;
    if retry.output.json {
        say_json(&answer);
    } else if let Some(leads) = answer["leads"].as_array() {
        say(&format!("{} leads are in the queue again", leads.len()));
    } else {
        say(&format!("{} deliveries are looked at again", answer["deliveries"]));
    }
    Ok(())
}

/// The leads that are asked for; an unknown one is an error, and nothing is put back.
async fn chosen(ledger: &Ledger, retry: &Retry) -> Result<Vec<LeadId>, Failure> {
    let mut leads = Vec::new();
    for name in &retry.what.leads {
        let key = name.clone();
        let found = ledger
            .read(move |conn| match lead::by_key(conn, &key)? {
                Some(lead) => Ok(Some(lead)),
                None => key.parse().map_or(Ok(None), |id| lead::get(conn, LeadId(id))),
            })
            .await?;
        let Some(lead) = found else {
            return Err(Failure::Usage(format!(
                "there is no lead \"{name}\"; `ponte leads` lists them"
            )));
        };
        leads.push(lead.id);
    }
    Ok(leads)
}
