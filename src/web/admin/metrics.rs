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
