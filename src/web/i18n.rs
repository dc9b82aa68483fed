//! The words of the page, in both languages: one struct, filled twice.
//!
//! Numbers and names go into sentences by functions, because the languages place them differently.

mod english;
pub mod pages;
mod portuguese;

use chrono::TimeDelta;

use crate::{
    config::Language,
    domain::{FoundBy, LeadState},
    report::{grouped, told},
};

/// Every word of the page, in one language.
#[derive(Debug)]
pub struct Text {
    /// The language.
    pub language: Language,
    /// Its tag.
    pub tag: &'static str,
    /// How a moment is written.
    pub moment: &'static str,
    /// How a day is written on the axis of a chart.
    pub day: &'static str,
    /// What groups the digits of large numbers.
    pub thousands: char,
    /// Words for spans of time.
    pub ago: fn(TimeDelta) -> String,

    /// The heading where nothing is wrong.
    pub all_well: &'static str,
    /// The heading where a person must act.
    pub must_act: fn(usize) -> String,
    /// When the page was made.
    pub as_of: &'static str,
    /// That the page renews itself.
    pub renews: &'static str,

    /// What needs a person, and what to do.
    pub attention: Attention,
    /// The four numbers at the top.
    pub tiles: Tiles,
    /// Headings and columns.
    pub heads: Heads,
    /// The words for what became of deliveries: applied, merged, ignored, quarantined, pending.
    pub fates: [&'static str; 5],
    /// The same of a single one.
    pub fate: [&'static str; 5],
    /// The words for lanes, the most urgent first.
    pub lanes: [&'static str; 4],
    /// Polls, reconciliations and the quota.
    pub engine: Engine,
    /// The word for where a lead stands.
    pub state: fn(LeadState) -> &'static str,
    /// The word for how a lead was found.
    pub found_by: fn(FoundBy) -> &'static str,
    /// Words for records in Ploomes: company, person, deal.
    pub records: [&'static str; 3],
    /// Where there is no row yet.
    pub no_leads: &'static str,
    /// Where no lead was missed.
    pub none_missed: &'static str,
    /// The words of each page.
    pub pages: &'static pages::Pages,
}

/// Sentences of two parts: what is wrong, and what to do.
pub type Advice = (String, String);

/// What needs a person, and what to do.
#[derive(Debug)]
pub struct Attention {
    /// The accounting identity does not hold.
    pub balance: fn(i64) -> Advice,
    /// The engine does not run.
    pub engine: fn() -> Advice,
    /// `ActiveCampaign` refuses the key since.
    pub activecampaign_key: fn(&str) -> Advice,
    /// Ploomes refuses the key since.
    pub ploomes_key: fn(&str) -> Advice,
    /// A route is held, with the reasons.
    pub held: fn(&str, &str) -> Advice,
    /// Leads failed.
    pub failed: fn(i64) -> Advice,
    /// Deliveries are quarantined.
    pub quarantined: fn(i64) -> Advice,
    /// Steps are in doubt.
    pub in_doubt: fn(i64) -> Advice,
    /// No poll started when it was due.
    pub poll_late: fn() -> Advice,
    /// No reconciliation started when it was due.
    pub reconcile_late: fn() -> Advice,
    /// The last poll did not read everything.
    pub poll_partial: fn() -> Advice,
    /// The last reconciliation did not read everything.
    pub reconcile_partial: fn() -> Advice,
    /// A person paused a route.
    pub paused: fn(&str) -> Advice,
    /// Webhooks came to unknown URLs.
    pub unknown_tokens: fn(i64) -> Advice,
    /// Ploomes asked not to be called until.
    pub waits: fn(&str) -> Advice,
}

/// The four numbers at the top.
#[derive(Debug)]
pub struct Tiles {
    /// The balance.
    pub balance: &'static str,
    /// What a balance of 0 means.
    pub balanced: &'static str,
    /// What any other balance means.
    pub unbalanced: &'static str,
    /// Leads in Ploomes.
    pub done: &'static str,
    /// Of how many.
    pub of_total: fn(&str) -> String,
    /// Leads and deliveries that wait.
    pub waiting: &'static str,
    /// Since when the oldest waits.
    pub oldest: fn(&str) -> String,
    /// When the queue will be empty.
    pub empty_at: fn(&str) -> String,
    /// Nothing waits.
    pub none_waits: &'static str,
    /// Leads found without a webhook.
    pub missed: &'static str,
    /// How many of them are done, and whose webhook came late.
    pub recovered: fn(&str, &str) -> String,
}

/// Headings and columns.
#[derive(Debug)]
pub struct Heads {
    /// Deliveries.
    pub deliveries: &'static str,
    /// When the last delivery came.
    pub last_delivery: &'static str,
    /// Leads.
    pub leads: &'static str,
    /// The queue.
    pub lanes: &'static str,
    /// What looks after missed leads.
    pub runs: &'static str,
    /// The newest leads.
    pub recent: &'static str,
    /// The newest missed leads.
    pub found: &'static str,
    /// Webhooks and missed leads by day.
    pub days: &'static str,
    /// Leads that came by their webhook.
    pub by_webhook: &'static str,
    /// Leads that did not.
    pub missed: &'static str,
    /// A lead's column.
    pub lead: &'static str,
    /// A contact's column.
    pub contact: &'static str,
    /// A state's column.
    pub state: &'static str,
    /// How it was found.
    pub found_by: &'static str,
    /// Records in Ploomes.
    pub records: &'static str,
    /// When.
    pub when: &'static str,
}

/// Polls, reconciliations and the quota.
#[derive(Debug)]
pub struct Engine {
    /// The poll.
    pub poll: &'static str,
    /// The reconciliation.
    pub reconcile: &'static str,
    /// The last one.
    pub last: &'static str,
    /// The next one.
    pub next: &'static str,
    /// It has not run yet.
    pub never: &'static str,
    /// It runs now.
    pub running: &'static str,
    /// It read everything.
    pub complete: &'static str,
    /// It did not read everything.
    pub partial: &'static str,
    /// Requests to Ploomes in the last minute, of how many.
    pub quota: &'static str,
    /// What AC is asked at most.
    pub activecampaign_rate: fn(u32) -> String,
}

/// The words of a language.
pub const fn of(language: Language) -> &'static Text {
    match language {
        Language::Portuguese => &portuguese::TEXT,
        Language::English => &english::TEXT,
    }
}

impl Text {
    /// A number as people read it.
    pub fn number(&self, number: i64) -> String {
        grouped(number, self.thousands)
    }

    /// What the engine, the ledger or the configuration says, in this language.
    pub fn told(&self, said: &str) -> String {
        told::told(self.language, said)
    }
}

/// A span in the largest unit that fits it at least once, and the unit: `s`, `min`, `h`, `d`.
fn largest_unit(span: TimeDelta) -> (i64, &'static str) {
    let seconds = span.num_seconds().max(0);
    match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_each_language_does() {
        let (portuguese, english) = (of(Language::Portuguese), of(Language::English));
        assert_eq!(portuguese.number(1_234_567), "1.234.567");
        assert_eq!(english.number(1_234_567), "1,234,567");
        assert_eq!(english.number(0), "0");
        assert_eq!(english.number(-1000), "−1,000");
        assert_eq!(english.number(999), "999");
    }

    #[test]
    fn one_is_not_said_in_the_plural() {
        for language in [Language::Portuguese, Language::English] {
            let text = of(language).attention.failed;
            assert_ne!(text(1).0.replace('1', "2"), text(2).0, "{language:?}");
        }
    }

    #[test]
    fn spans_are_said_in_one_unit() {
        let ago = of(Language::Portuguese).ago;
        assert_eq!(ago(TimeDelta::seconds(-5)), "agora");
        assert_eq!(ago(TimeDelta::seconds(59)), "há 59 s");
        assert_eq!(ago(TimeDelta::seconds(60)), "há 1 min");
        assert_eq!(ago(TimeDelta::hours(47)), "há 47 h");
        assert_eq!(ago(TimeDelta::hours(48)), "há 2 d");
        assert_eq!((of(Language::English).ago)(TimeDelta::minutes(3)), "3 min ago");
    }
}
