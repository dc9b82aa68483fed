//! The sections about how `ponte` works: ledger, schedule, retries, reconciliation, alerts.

use std::{path::PathBuf, time::Duration};

use chrono_tz::Tz;
use croner::Cron;
use secrecy::SecretString;

use super::{problem::Fault, section::Section, value};

/// `[ledger]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The file; a relative path starts from the working directory.
    pub path: PathBuf,
    /// How long the bodies of deliveries are kept.
    pub keep_payloads: Duration,
}

impl Ledger {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let path = section.parsed("path", value::text);
        let keep_payloads = section.positive_duration("keep_payloads");
        Some(Self { path: path?.into(), keep_payloads: keep_payloads? })
    }
}

/// `[schedule]`
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The zone of cron expressions and reports.
    pub timezone: Tz,
    /// When polls are due.
    pub poll: Cron,
    /// When reconciliations are due.
    pub reconcile: Cron,
    /// How far before its watermark a poll looks again.
    pub overlap: Duration,
}

impl Schedule {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let timezone = section.parsed("timezone", value::zone);
        let poll = section.parsed("poll", value::cron);
        let reconcile = section.parsed("reconcile", value::cron);
        let overlap = section.duration("overlap");
        Some(Self { timezone: timezone?, poll: poll?, reconcile: reconcile?, overlap: overlap? })
    }
}

/// `[retry]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The first wait; each further one is longer.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// Tries of one read inside a poll or reconciliation, at least 1.
    pub attempts: u32,
    /// How long a lead is tried before it is failed.
    pub give_up: Duration,
}

impl Retry {
    /// With the longest wait at its default, more than a week of trying one page.
    const ATTEMPTS_MAX: i64 = 1_000;

    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let first = section.positive_duration("first");
        let max = section.positive_duration("max");
        let attempts = section.whole("attempts", 1..=Self::ATTEMPTS_MAX);
        let give_up = section.positive_duration("give_up");
        if let (Some(first), Some(max)) = (first, max)
            && max < first
        {
            // Whichever was given is the one to look at.
            let name = if section.has("max") { "max" } else { "first" };
            section.error(name, Fault::new("the longest wait, `max`, is shorter than `first`"));
        }
        Some(Self { first: first?, max: max?, attempts: attempts?, give_up: give_up? })
    }
}

/// What a reconciliation does about what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReconcileMode {
    /// `repair`: brings missed leads in.
    Repair,
    /// `report`: tells, and writes nothing.
    Report,
}

/// What is done about records that no longer are what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// `off`: not looked for.
    Off,
    /// `report`: told.
    Report,
    /// `repair`: made good where that is right.
    Repair,
}

/// `[reconcile]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconcile {
    /// What is done about missed leads.
    pub mode: ReconcileMode,
    /// The most repairs of one run; more than this is an alarm.
    pub max_repairs: u64,
    /// What is done about drift.
    pub drift: Drift,
}

impl Reconcile {
    const MODES: [(&'static str, ReconcileMode); 2] =
        [("repair", ReconcileMode::Repair), ("report", ReconcileMode::Report)];
    const DRIFTS: [(&'static str, Drift); 3] =
        [("off", Drift::Off), ("report", Drift::Report), ("repair", Drift::Repair)];

    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let mode = section.choice("mode", &Self::MODES);
        let max_repairs = section.whole("max_repairs", 0..=i64::MAX);
        let drift = section.choice("drift", &Self::DRIFTS);
        Some(Self { mode: mode?, max_repairs: max_repairs?, drift: drift? })
    }
}

/// `[alerts]`
#[derive(Debug, Clone)]
pub struct Alerts {
    /// Where alerts are posted; secret, since who has it can write there.
    pub url: Option<SecretString>,
    /// How long a route may be silent although contacts enter it.
    pub silence: Duration,
    /// What is asked for after each complete poll; secret for the same reason.
    pub heartbeat: Option<SecretString>,
}

impl Alerts {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let url = section.secret("url", |text| value::web_url(text).map(drop));
        let silence = section.positive_duration("silence");
        let heartbeat = section.secret("heartbeat", |text| value::web_url(text).map(drop));
        Some(Self { url, silence: silence?, heartbeat })
    }
}
