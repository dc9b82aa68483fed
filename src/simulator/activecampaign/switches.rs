//! What nobody documents, one switch for each; the default is what is documented or most likely.

use std::time::Duration;

use chrono::TimeDelta;

/// How this `ActiveCampaign` behaves.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Switches {
    /// How `filters[updated_after]` and its like are read.
    pub dates: DateReading,
    /// What is not honoured although it was asked for.
    pub ignores: Ignores,
    /// What moves `udate`.
    pub moves: UdateMoves,
    /// How values look on the wire.
    pub shape: Shape,
    /// What a merge does with enrollments.
    pub merge: MergeRules,
    /// Rates, and how going over them is said.
    pub throttle: Throttle,
    /// What happens to webhooks on their way.
    pub webhooks: WebhookLuck,
    /// What a `limit` above the maximum gives.
    pub limit_above_maximum: LimitAboveMaximum,
    /// `seriesid` means "in it now": who has run through is not found.
    pub seriesid_means_in_it_now: bool,
    /// `/automations/{id}/contactAutomations` too has only those that are in it now.
    pub automation_lists_in_it_now: bool,
    /// What is not there is answered with 403 instead of 404.
    pub not_found_as_403: bool,
    /// A wrong key is answered with the list form of the error.
    pub forbidden_as_list: bool,
    /// Errors have an HTML page as their body.
    pub html_errors: bool,
    /// For a second after a change, `updated_timestamp` is the one before.
    pub stale_echo: bool,
    /// How long it takes until new rows are in lists; a contact asked for by id is there at once.
    pub rows_late: Duration,
    /// How far this clock is from the right time, in `Date` and in all stamps.
    pub clock_skew: TimeDelta,
}

/// How date filters of `/contacts` and `/contactAutomations` are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct DateReading {
    /// In which zone, and how exactly, `/contacts` reads a date.
    pub zone: DateZone,
    /// `updated_after` includes the moment itself.
    pub inclusive: bool,
    /// What `updated_after` looks at.
    pub stamp: UpdateStamp,
    /// In which zone `filters[adddate]` is read.
    pub adddate_in_utc: bool,
}

/// In which zone a date filter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateZone {
    /// Its own offset counts; without one it is UTC.
    #[default]
    Utc,
    /// Its wall clock is US Central, whatever offset it names.
    Local,
    /// Only its date counts, from midnight in US Central.
    DateOnly,
}

/// Which stamp says when a contact was updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateStamp {
    /// `udate`.
    #[default]
    Udate,
    /// `updated_timestamp`, which moves more often.
    UpdatedTimestamp,
}

/// What is ignored in a query. Unknown filters always are.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Ignores {
    /// All `filters[…]` of `/contacts`.
    pub contact_filters: bool,
    /// `tagid`, `listid` and `seriesid` of `/contacts`.
    pub contact_scopes: bool,
    /// `id_greater` and `id_less`: a cursor does not move.
    pub contact_cursor: bool,
    /// `orders[…]` of `/contacts`: they come by e-mail.
    pub contact_orders: bool,
    /// `include`.
    pub include: bool,
    /// Enrollments are not sideloaded, by `include` or with a contact.
    pub automation_sideload: bool,
    /// All `filters[…]` of `/automations/{id}/contactAutomations`.
    pub automation_filters: bool,
    /// All `filters[…]` of `/contactAutomations`.
    pub enrollment_filters: bool,
    /// `orders[…]` of enrollments: the newest come first.
    pub enrollment_orders: bool,
    /// `limit` and `offset` of `/automations/{id}/contactAutomations`: all come at once.
    pub enrollment_pages: bool,
}

/// What moves `udate`; what is not here always does. `updated_timestamp` moves with every change.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct UdateMoves {
    /// A tag was added.
    pub tag_added: bool,
    /// A tag was removed.
    pub tag_removed: bool,
    /// A custom field was emptied.
    pub field_cleared: bool,
    /// A list was joined or left.
    pub subscribed: bool,
    /// An account was linked.
    pub account_linked: bool,
    /// An automation was entered.
    pub automation_entered: bool,
    /// An automation was left.
    pub automation_left: bool,
    /// Another contact was merged into it.
    pub merged: bool,
    /// Mail was opened, a site was visited.
    pub engaged: bool,
}

impl Default for UdateMoves {
    fn default() -> Self {
        Self {
            tag_added: true,
            tag_removed: false,
            field_cleared: false,
            subscribed: false,
            account_linked: false,
            automation_entered: false,
            automation_left: false,
            merged: false,
            engaged: false,
        }
    }
}

/// How values look on the wire.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Shape {
    /// `/` and what is not ASCII are written as they are, not as `\/` and `\uXXXX`.
    pub plain: bool,
    /// Numbers where strings are usual, and strings where numbers are.
    pub swapped_numbers: bool,
    /// `0000-00-00 00:00:00` where a date would be `null`.
    pub zero_dates: bool,
    /// Keys whose value would be `null` are left out.
    pub absent_keys: bool,
    /// `links` is `[]`.
    pub empty_links: bool,
    /// JSON comes as `text/html`.
    pub html_type: bool,
    /// How an enrollment's date of entry looks.
    pub adddate: AddDate,
}

/// How an enrollment's `adddate` looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddDate {
    /// US Central with its offset.
    #[default]
    WithOffset,
    /// US Central without an offset.
    NoOffset,
    /// `null`.
    Null,
    /// `0000-00-00 00:00:00`.
    Zero,
}

/// What a merge does with enrollments.
#[derive(Debug, Clone, Copy, Default)]
pub struct MergeRules {
    /// Enrollments that move to the winner get a new id.
    pub new_ids: bool,
    /// Where both were in one automation, the loser's enrollments in it vanish.
    pub same_automation_vanishes: bool,
}

/// Rates, and how going over them is said.
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    /// Requests in any second; `None` takes any number.
    pub per_second: Option<u32>,
    /// What a request above that gets.
    pub answer: ThrottleAnswer,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            per_second: Some(5),
            answer: ThrottleAnswer::TooManyRequests,
            // The documentation prints 30 as an example; the window is one second.
            retry_after: Some(1),
        }
    }
}

/// What a request above the rate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleAnswer {
    /// 429 without a body.
    TooManyRequests,
    /// 503 with an HTML page.
    Unavailable,
}

/// What a `limit` above the maximum gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitAboveMaximum {
    /// The maximum, without a word.
    #[default]
    Clamped,
    /// 422.
    Refused,
}

/// What happens to webhooks on their way; chances are in so many of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookLuck {
    /// Never sent.
    pub dropped_per_mille: u32,
    /// Sent twice.
    pub duplicated_per_mille: u32,
    /// Sent so much later that later ones overtake it.
    pub overtaken_per_mille: u32,
    /// How much later that is.
    pub overtaken_by: Duration,
    /// The shortest delay of each.
    pub delay_min: Duration,
    /// The longest delay of each.
    pub delay_max: Duration,
    /// Held back, and sent all at once at multiples of this; zero sends each when it is due.
    pub burst_every: Duration,
    /// The body of old accounts: without `tags` and `customer_acct_name`.
    pub older_body: bool,
    /// Custom fields without a value are in the body too.
    pub empty_fields: bool,
}
