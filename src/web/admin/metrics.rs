//! The numbers for Prometheus, made anew for each request: the ledger is where they are counted.

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::Settings;
use crate::web::overview::Overview;

/// All metrics, in the text format of `OpenMetrics`.
pub(super) fn text(
    overview: &Overview,
    settings: &Settings,
    started_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> String {
    let mut all = Registry::default();
    all.register(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970",
        ConstGauge::new(started_at.timestamp()),
    );
    let registry = all.sub_registry_with_prefix("ponte");
    counts(registry, overview);
    pace(registry, overview, settings);
    times(registry, overview, now);
    let mut text = String::new();
    encode(&mut text, &all).expect("a string takes all that is written to it");
    text
}

fn counts(registry: &mut Registry, overview: &Overview) {
    let Overview { deliveries, leads, missed, .. } = overview;
    registry.register(
        "deliveries_accepted",
        "Deliveries ever accepted",
        ConstCounter::new(deliveries.accepted.unsigned_abs()),
    );
    labelled(
        registry,
        "deliveries",
        "Deliveries by fate",
        "fate",
        &[
            ("applied", deliveries.applied),
            ("merged", deliveries.merged),
            ("ignored", deliveries.ignored),
            ("quarantined", deliveries.quarantined),
            ("pending", deliveries.pending),
        ],
    );
    registry.register(
        "leads_found",
        "Leads ever found",
        ConstCounter::new(leads.total.unsigned_abs()),
    );
    labelled(
        registry,
        "leads",
        "Leads by state",
        "state",
        &[
            ("pending", leads.pending),
            ("in_doubt", leads.in_doubt),
            ("done", leads.done),
            ("skipped", leads.skipped),
            ("failed", leads.failed),
            ("erased", leads.erased),
        ],
    );
    labelled(
        registry,
        "missed",
        "Leads found without a webhook",
        "kind",
        &[("found", missed.found), ("recovered", missed.recovered), ("late", missed.late)],
    );
    gauge(registry, "balance", "The accounting identity: 0, always", overview.balance);
    gauge(
        registry,
        "unknown_tokens",
        "Requests to unknown webhook URLs in the last 24 hours",
        overview.unknown_tokens,
    );
}

fn pace(registry: &mut Registry, overview: &Overview, settings: &Settings) {
    let lanes = &overview.lanes;
    labelled(
        registry,
        "lane_waiting",
        "What waits, by lane",
        "lane",
        &[
            ("fresh", lanes.fresh),
            ("update", lanes.update),
            ("repair", lanes.repair),
            ("backfill", lanes.backfill),
        ],
    );
    labelled(
        registry,
        "quota_limit",
        "Requests allowed by the configuration",
        "window",
        &[
            ("activecampaign_1s", settings.activecampaign_rate.into()),
            ("ploomes_60s", settings.ploomes_rate.into()),
        ],
    );
    labelled(
        registry,
        "quota_used",
        "Requests sent within the window",
        "window",
        &[("ploomes_60s", overview.ploomes_used)],
    );
}

fn times(registry: &mut Registry, overview: &Overview, now: DateTime<Utc>) {
    let oldest = overview.oldest_pending.map_or(0, |since| (now - since).num_seconds().max(0));
    gauge(registry, "oldest_pending_seconds", "Age of the oldest thing that waits", oldest);
    let moments = [
        ("last_delivery_timestamp_seconds", "When the last delivery came", overview.last_delivery),
        (
            "last_poll_timestamp_seconds",
            "When the last poll started",
            overview.last_poll.map(|run| run.started_at),
        ),
        (
            "last_reconcile_timestamp_seconds",
            "When the last reconciliation started",
            overview.last_reconcile.map(|run| run.started_at),
        ),
        (
            "last_complete_poll_timestamp_seconds",
            "When the last poll that read everything started",
            overview.complete.poll,
        ),
        (
            "last_complete_reconcile_timestamp_seconds",
            "When the last reconciliation that read everything started",
            overview.complete.reconcile,
        ),
    ];
    for (name, help, moment) in moments {
        // Of what has not happened there is no line.
        if let Some(moment) = moment {
            gauge(registry, name, help, moment.timestamp());
        }
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn labelled(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    values: &[(&'static str, i64)],
) {
    registry.register(name, help, ByLabel { label, values: values.to_vec() });
}

/// A gauge for each value of a label, in the order in which they are given.
#[derive(Debug)]
struct ByLabel {
    label: &'static str,
    values: Vec<(&'static str, i64)>,
}

impl EncodeMetric for ByLabel {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        for (value, number) in &self.values {
            encoder.encode_family(&[(self.label, *value)])?.encode_gauge(number)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::web::overview::{Complete, Outcome, Run};

    const RULES: &str = include_str!("../../../packaging/prometheus/alerts.yml");
    const DASHBOARD: &str = include_str!("../../../packaging/grafana/ponte.json");

    /// Everything there is, at one moment.
    fn all() -> String {
        let at = DateTime::UNIX_EPOCH;
        let run = Some(Run { started_at: at, ended: Some((at, Outcome::Complete)) });
        let overview = Overview {
            last_delivery: Some(at),
            last_poll: run,
            last_reconcile: run,
            complete: Complete { poll: Some(at), reconcile: Some(at) },
            ..Overview::default()
        };
        let settings = Settings {
            text: crate::web::i18n::of(crate::config::Language::English),
            timezone: chrono_tz::UTC,
            app_url: None,
            activecampaign_rate: 4,
            ploomes_rate: 100,
        };
        text(&overview, &settings, at, at)
    }

    /// The names that start with `ponte_` in a text, with the labels that are asked of them.
    fn named(text: &str) -> BTreeSet<(String, Option<String>)> {
        let starts = text.match_indices("ponte_").map(|(at, _)| &text[at..]);
        let of = |text: &str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
            let label = text[end..].strip_prefix('{').and_then(|it| it.split_once('}'));
            let label = label.map(|(labels, _)| labels.replace('\\', ""));
            let label = label
                .and_then(|it| it.split(',').find(|it| !it.starts_with("job=")).map(str::to_owned));
            (text[..end].to_owned(), label)
        };
        starts.map(of).collect()
    }

    #[test]
    fn rules_and_dashboard_ask_for_what_there_is() {
        let all = all();
        let asked: BTreeSet<_> = named(RULES).into_iter().chain(named(DASHBOARD)).collect();
        assert!(asked.len() > 15, "{asked:?}");
        for (name, label) in asked {
            let is_asked = |line: &&str| {
                let rest = line.strip_prefix(&name);
                let value = rest.filter(|it| it.starts_with(['{', ' ']));
                value.is_some_and(|it| label.as_ref().is_none_or(|label| it.contains(label)))
            };
            assert!(all.lines().any(|line| is_asked(&line)), "{name} {label:?}");
        }
    }
}
