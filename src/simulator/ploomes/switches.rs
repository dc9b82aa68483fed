//! What is not known of the real service, one switch each.
//!
//! The default is what is documented, or what most clients seem to rely on. `ponte` must be right
//! under every setting.

use std::{collections::BTreeSet, time::Duration};

use crate::simulator::fault::FaultBody;

/// How the simulated service behaves where the real one is not known.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is not known")]
pub struct Switches {
    /// The status of a create that worked: 200, or 201.
    pub post_status: u16,
    /// A write answers the bare entity, without the envelope.
    pub bare_object: bool,
    /// A create answers the entity without its `Id`.
    pub without_id: bool,
    /// The shape of a 400's body.
    pub error_body: ErrorBody,
    /// Filters with `any` and `all` find a record made through the API only after this.
    pub any_filter_lag: Duration,
    /// Filters by anything but `Id` find a record made through the API only after this.
    pub search_lag: Duration,
    /// A write made through the API is seen by any read, by `Id` too, only after this.
    pub delayed_apply: Duration,
    /// Each answer takes this long, beyond what a fault adds; the work is done at its start.
    pub latency: Duration,
    /// A filter over `OtherProperties` is a 403.
    pub other_filter_forbidden: bool,
    /// What a `FieldKey` does that no field has.
    pub unknown_field_key: Unknown,
    /// What a property in a body does that the entity does not have.
    pub unknown_property: Unknown,
    /// What a `StringValue` over 250 characters does.
    pub long_string: LongString,
    /// What `PATCH` does to `OtherProperties`; `Phones` and `Tags` are always replaced.
    pub patch: PatchMode,
    /// Keys of fields (`contact_email`, `deal_<GUID>`) whose values may be held by one record only.
    pub unique: BTreeSet<String>,
    /// Right after a deal is made, the pipeline gives it to another user.
    pub owner_overwritten: bool,
    /// Stages that no deal can enter: their checklist is not met.
    pub checklist_stages: BTreeSet<i64>,
    /// A write with an `OriginId` is a 400.
    pub origin_refused: bool,
    /// A write with `Tags` is a 400.
    pub tags_refused: bool,
    /// A suspended user as `OwnerId` is a 400.
    pub suspended_owner_refused: bool,
    /// The key's profile may not make tags, origins or fields: 403.
    pub may_not_configure: bool,
    /// The key's profile sees only what its own user made or owns: searches are filtered.
    pub restricted_profile: bool,
    /// Strings compare by case and accents, and trailing spaces count.
    pub case_sensitive: bool,
    /// How requests are counted.
    pub limiter: LimiterKind,
    /// Requests a minute that the account takes; `None`: as many as come.
    pub limit: Option<u32>,
    /// Requests a minute that other integrations of the account make.
    pub neighbours: u32,
    /// Whether a 429 says when to come back.
    pub retry_after: bool,
    /// What stands in a 429.
    pub throttle_body: FaultBody,
    /// Reads over the limit are answered 200 with `value: []` instead of 429.
    pub throttled_empty: bool,
    /// What a `$top` above 300 does.
    pub top_above_300: TopAbove300,
    /// How many rows an expanded collection has at most; `None`: all of them.
    pub nested_page: Option<usize>,
    /// Whether a result that was cut says where the rest is.
    pub next_link: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            post_status: 200,
            bare_object: false,
            without_id: false,
            error_body: ErrorBody::OData,
            any_filter_lag: Duration::ZERO,
            search_lag: Duration::ZERO,
            delayed_apply: Duration::ZERO,
            latency: Duration::ZERO,
            other_filter_forbidden: false,
            unknown_field_key: Unknown::Ignored,
            unknown_property: Unknown::Refused,
            long_string: LongString::Refused,
            patch: PatchMode::MergeOtherProperties,
            unique: BTreeSet::new(),
            owner_overwritten: false,
            checklist_stages: BTreeSet::new(),
            origin_refused: false,
            tags_refused: false,
            suspended_owner_refused: false,
            may_not_configure: false,
            restricted_profile: false,
            case_sensitive: false,
            limiter: LimiterKind::Sliding,
            limit: Some(120),
            neighbours: 0,
            retry_after: true,
            throttle_body: FaultBody::Empty,
            throttled_empty: false,
            top_above_300: TopAbove300::Capped,
            nested_page: None,
            next_link: true,
        }
    }
}

/// What something unknown does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing.
    Ignored,
    /// The whole write is a 400.
    Refused,
}

/// What a text does that is too long for its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongString {
    /// The whole write is a 400.
    Refused,
    /// It is cut.
    Truncated,
}

/// What `PATCH` does to `OtherProperties`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchMode {
    /// Values are replaced by `FieldKey`; those of other fields stay.
    MergeOtherProperties,
    /// All values are replaced: those that are not sent are gone.
    ReplaceAll,
}

/// How requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimiterKind {
    /// In any 60 s.
    Sliding,
    /// In each minute of the clock.
    Fixed,
    /// A bucket as large as the limit, filled evenly.
    Bucket,
}

/// What a `$top` above 300 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopAbove300 {
    /// A page of 300, and a link to the next.
    Capped,
    /// It is taken, but the result is cut at 1,500 without a word.
    CutSilently,
}

/// The shape of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorBody {
    /// `{"error":{"code":"","message":"…","innererror":{…}}}`.
    OData,
    /// `{"value":"…"}`.
    Value,
    /// `{"Message":"…"}`.
    Message,
    /// Plain text.
    Text,
    /// Nothing.
    Empty,
}
