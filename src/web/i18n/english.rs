//! English.

use super::{Advice, Attention, Engine, Heads, Text, Tiles, largest_unit, pages};
use crate::{
    config::Language,
    domain::{FoundBy, LeadState},
};

pub(super) static TEXT: Text = Text {
    language: Language::English,
    tag: "en",
    moment: "%Y-%m-%d %H:%M:%S",
    day: "%b %-d",
    thousands: ',',
    ago: |span| match largest_unit(span) {
        (0, _) => "just now".to_owned(),
        (number, unit) => format!("{number} {unit} ago"),
    },
    all_well: "All is well: nothing needs you",
    must_act: |count| match count {
        1 => "One thing needs you".to_owned(),
        _ => format!("{count} things need you"),
    },
    as_of: "as of",
    renews: "renews itself",
    attention: ATTENTION,
    tiles: Tiles {
        balance: "Balance",
        balanced: "0 is right: nothing that came in is unaccounted for",
        unbalanced: "must be 0",
        done: "In Ploomes",
        of_total: |total| format!("of {total} leads"),
        waiting: "Waiting",
        oldest: |ago| format!("the oldest came {ago}"),
        empty_at: |moment| format!("empty at {moment}"),
        none_waits: "nothing waits",
        missed: "Found without a webhook",
        recovered: |recovered, late| {
            format!("{recovered} are in Ploomes; the webhook of {late} came late")
        },
    },
    heads: Heads {
        deliveries: "Webhooks received",
        last_delivery: "Last one",
        leads: "Leads",
        lanes: "Queue",
        runs: "Looking for what never came",
        recent: "Last leads",
        found: "Found without a webhook",
        days: "Received and missed, by day",
        by_webhook: "by webhook",
        missed: "found without one",
        lead: "Lead",
        contact: "Contact",
        state: "State",
        found_by: "Noticed by",
        records: "In Ploomes",
        when: "When",
    },
    fates: ["applied", "merged", "ignored", "quarantined", "pending"],
    fate: ["applied", "merged", "ignored", "quarantined", "pending"],
    lanes: ["fresh", "updates", "repairs", "backfill"],
    engine: Engine {
        poll: "Poll",
        reconcile: "Reconciliation",
        last: "last",
        next: "next",
        never: "not yet",
        running: "running",
        complete: "complete",
        partial: "partial",
        quota: "Requests to Ploomes in the last minute",
        activecampaign_rate: |rate| format!("ActiveCampaign: at most {rate} a second"),
    },
    state: |state| match state {
        LeadState::Pending => "waiting",
        LeadState::InDoubt => "in doubt",
        LeadState::Done => "in Ploomes",
        LeadState::Skipped => "skipped",
        LeadState::Failed => "failed",
        LeadState::Erased => "erased",
    },
    found_by: |found_by| match found_by {
        FoundBy::Webhook => "webhook",
        FoundBy::Poll => "poll",
        FoundBy::Reconcile => "reconciliation",
    },
    records: ["company", "person", "deal"],
    no_leads: "No lead has come yet.",
    none_missed: "None so far: every lead came by its webhook.",
    pages: &pages::ENGLISH,
};

const ATTENTION: Attention = Attention {
    balance: |balance| {
        advice(
            format!("The balance is {balance} and must be 0"),
            "Run `ponte audit`, keep a copy of the ledger, and report it.",
        )
    },
    engine: || {
        advice(
            "The engine does not run",
            "Webhooks are kept, nothing is written. Look at the log; start `ponte run` again.",
        )
    },
    activecampaign_key: |since| {
        advice(
            format!("ActiveCampaign has refused the key since {since}"),
            "Put a valid key in `activecampaign.api_key` and start ponte again. Nothing is lost: \
             webhooks are kept.",
        )
    },
    ploomes_key: |since| {
        advice(
            format!("Ploomes has refused the key since {since}"),
            "Put a valid key in `ploomes.user_key` and start ponte again. Nothing is lost: \
             leads wait.",
        )
    },
    held: |route, reasons| {
        advice(
            format!("Route {route} is held: {reasons}"),
            "Its leads wait. Put it right in Ploomes, or edit the route; Settings and health \
             checks both accounts.",
        )
    },
    failed: |count| {
        advice(
            match count {
                1 => "1 lead failed".to_owned(),
                _ => format!("{count} leads failed"),
            },
            "To do says why each did and, once that is put right, tries again.",
        )
    },
    quarantined: |count| {
        advice(
            match count {
                1 => "1 webhook is quarantined".to_owned(),
                _ => format!("{count} webhooks are quarantined"),
            },
            "Nothing was made of them. To do says why and, once that is put right, tries again.",
        )
    },
    in_doubt: |count| {
        advice(
            match count {
                1 => "1 lead is in doubt".to_owned(),
                _ => format!("{count} leads are in doubt"),
            },
            "A write went unanswered. ponte looks in Ploomes before it sends anything again; \
             nothing to do.",
        )
    },
    poll_late: || {
        advice("The poll is late", "Leads whose webhook is lost are found later. Look at the log.")
    },
    reconcile_late: || {
        advice("The reconciliation is late", "Look at the log, or start one under Reconciliations.")
    },
    poll_partial: || {
        advice(
            "The last poll did not read everything",
            "It goes on by itself. If this stays, look whether ActiveCampaign answers.",
        )
    },
    reconcile_partial: || {
        advice(
            "The last reconciliation did not read everything",
            "It goes on by itself; Reconciliations says why and shows the report.",
        )
    },
    paused: |route| {
        advice(
            format!("Route {route} is paused"),
            "Webhooks are kept, nothing is written. The page of the route lets it go on.",
        )
    },
    unknown_tokens: |count| {
        advice(
            match count {
                1 => "1 request came to an unknown webhook URL in 24 hours".to_owned(),
                _ => format!("{count} requests came to unknown webhook URLs in 24 hours"),
            },
            "If a token was changed, change the URL in ActiveCampaign too; \
             `webhook_token_previous` accepts the old one meanwhile.",
        )
    },
    waits: |moment| {
        advice(
            format!("Ploomes asked not to be called until {moment}"),
            "Its quota is used up, maybe by another integration. ponte goes on by itself.",
        )
    },
};

fn advice(what: impl Into<String>, to_do: &str) -> Advice {
    (what.into(), to_do.to_owned())
}
