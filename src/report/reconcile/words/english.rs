//! English: of the page, and of everything a terminal shows.

use super::{Advice, Heads, Verdict, Words, either};
use crate::{config::Language, domain::LeadState};

pub(in crate::report::reconcile) static WORDS: Words = Words {
    language: Language::English,
    tag: "en",
    moment: "%F %R",
    day: "%F",
    short_day: "%m-%d",
    thousands: ',',
    verdict: Verdict {
        nothing: "complete: nothing was missed",
        partial: "PARTIAL: not everything could be read",
        so_far: |missed| format!("so far {missed}"),
        missed: |number, one| either(number, one, "lead was missed", "leads were missed"),
        stands: [
            |number, one| either(number, one, "is in Ploomes now", "are in Ploomes now"),
            |number, one| either(number, one, "was skipped", "were skipped"),
            |number, one| either(number, one, "was erased", "were erased"),
            |number, one| either(number, one, "failed", "failed"),
            |number, one| either(number, one, "is not in Ploomes yet", "are not in Ploomes yet"),
        ],
    },
    advice: Advice {
        partial: |reason| {
            format!(
                "{reason}. What was not read is not proved: `ponte reconcile` goes on where this \
                 run stopped"
            )
        },
        no_reason: "no reason was kept",
        unfinished: "it is not finished",
        over: |max| {
            format!(
                "that is more than a run may repair ({max}), so they were left as they are: look at \
                 them, then `ponte reconcile --all` brings them in"
            )
        },
        only_report: "nothing was written: `ponte reconcile --mode repair` brings them in",
        open: |number, one, run| {
            let open = either(number, one, "lead is", "leads are");
            format!(
                "{open} in the queue: `ponte run` goes on with them, `ponte report {run}` shows \
                 how far it is"
            )
        },
        failed: |number, one| {
            let failed = either(number, one, "lead has failed", "leads have failed");
            format!(
                "{failed}: `ponte leads --state failed` says why, `ponte retry --failed` tries \
                 again"
            )
        },
        stale: |number, one| {
            let stale = either(number, one, "lead is", "leads are");
            format!("{stale} out of date in Ploomes: `ponte reconcile --mode repair` updates them")
        },
        updated: |number, one| {
            let stale = either(number, one, "lead was", "leads were");
            format!("{stale} out of date in Ploomes and went into the queue")
        },
        late: |number, one| {
            let of = either(number, one, "of these leads", "of these leads");
            format!("the webhook of {of} came late after all")
        },
        unseen: |route, says, had| {
            format!(
                "{route}: ActiveCampaign says that {says} ever entered, and showed {had}; \
                 contacts that were deleted since are not shown"
            )
        },
        uncounted: |route, says, had| {
            format!(
                "{route}: ActiveCampaign says that {says} ever entered, and showed {had}; its own \
                 count lags behind"
            )
        },
    },
    heads: Heads {
        title: "Reconciliation",
        run: "run",
        complete: "complete",
        partial: "partial",
        contacts: |number, one| either(number, one, "contact read", "contacts read"),
        routes: "Routes",
        total: "all",
        chart: "Leads by day",
        by_webhook: "by webhook",
        missed_bar: "missed",
        days: |number, one| {
            let days = either(number, one, "day", "days");
            format!("last {days}")
        },
        missed: "Missed",
        none_missed: "None: every lead came by its webhook, or was known.",
        found_by_poll: "Found by polls since the last complete run",
        drift: "Records that no longer are what was written",
        witness: "Second witness",
        entered_there: "ActiveCampaign says entered",
        read_here: "entries read",
        lead: "lead",
        contact: "contact",
        route: "route",
        enrolled: "enrolled",
        found: "found",
        repaired: "repaired",
        late: "late by",
        state: "state",
        in_ploomes: "in Ploomes",
        record: "record",
        kind: "what",
        webhook_late: "webhook came late",
        more: |more, run| {
            format!(
                "and {more} more: `ponte report {run} --format csv --output missed.csv` has them \
                 all"
            )
        },
        head: "head",
        prove: "Kept elsewhere, it lets `ponte audit --head HEAD` prove that nothing was cut off \
                or rewritten since.",
    },
    counts: [
        "expected",
        "received",
        "without webhook",
        "waiting",
        "missed",
        "recovered",
        "stale",
        "failed",
        "excluded",
        "gone",
    ],
    state: |state| match state {
        None => "not looked at yet",
        Some(LeadState::Pending) => "in the queue",
        Some(LeadState::InDoubt) => "in doubt",
        Some(LeadState::Done) => "in Ploomes",
        Some(LeadState::Skipped) => "skipped",
        Some(LeadState::Failed) => "failed",
        Some(LeadState::Erased) => "erased",
    },
    record: |kind| kind,
    drift: |kind| kind,
    mode: |mode| mode,
};
