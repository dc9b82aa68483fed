//! The composition root: the only place that builds an engine out of a configuration.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use chrono::SubsecRound;
use chrono_tz::Tz;

use crate::{
    activecampaign,
    clock::{Clock, Moment},
    config::{self, Config},
    domain::AutomationId,
    engine::{
        Engine, Parts, Role, Settings,
        backoff::Backoff,
        reconcile::Mode,
        route::{Membership, Route},
        wake::FALLBACK_TICK,
    },
    ledger::{self, Ledger, route::KeyKind},
    ploomes,
    rules::{self, RouteSpec},
    transport::{Limiter, Pace, Record, Remote, Wire},
};

/// Who calls, in every request.
pub const USER_AGENT: &str = concat!("ponte/", env!("CARGO_PKG_VERSION"));

/// How the two APIs are reached.
#[derive(Clone)]
pub enum World {
    /// Over sockets.
    Sockets,
    /// Straight into simulators of this process.
    InProcess {
        /// `ActiveCampaign`.
        activecampaign: Arc<dyn Remote>,
        /// Ploomes.
        ploomes: Arc<dyn Remote>,
        /// How long a loop sleeps at most: longer where no other process writes into the ledger.
        tick: Duration,
    },
}

impl World {
    /// How long a loop sleeps at most.
    const fn tick(&self) -> Duration {
        match self {
            Self::Sockets => FALLBACK_TICK,
            Self::InProcess { tick, .. } => *tick,
        }
    }

    /// How `ActiveCampaign` and Ploomes are reached, in this order.
    pub(super) fn wires(self) -> anyhow::Result<(Wire, Wire)> {
        Ok(match self {
            Self::Sockets => {
                let client = crate::transport::wire::http_client(USER_AGENT)
                    .context("no HTTPS is possible")?;
                (Wire::Http(client.clone()), Wire::Http(client))
            }
            Self::InProcess { activecampaign, ploomes, .. } => {
                (Wire::InProcess(activecampaign), Wire::InProcess(ploomes))
            }
        })
    }
}

/// Builds an engine on an open ledger. One that works registers the routes and settles what a crash
/// left; one that asks leaves the ledger as it is.
pub async fn engine(
    config: &Config,
    ledger: Ledger,
    clock: Clock,
    world: World,
    seed: u64,
    role: Role,
) -> anyhow::Result<Engine> {
    if role == Role::Works {
        settle_the_past(&ledger, &clock).await?;
    }
    Ok(Engine::new(parts(config, ledger, clock, world, seed, role).await?))
}

/// What an engine is built from; registers the routes of one that works.
pub async fn parts(
    config: &Config,
    ledger: Ledger,
    clock: Clock,
    world: World,
    seed: u64,
    role: Role,
) -> anyhow::Result<Parts> {
    let tick = world.tick();
    let (to_activecampaign, to_ploomes) = world.wires()?;
    let zone = config.schedule.timezone;
    let routes = routes(config, &ledger, &clock, role).await?;
    let activecampaign = reads(config, to_activecampaign, clock.clone())?;
    let (reader, writer) = writes(config, to_ploomes, clock.clone(), &ledger).await?;
    Ok(Parts {
        ledger,
        clock,
        activecampaign,
        reader,
        writer,
        routes,
        settings: Settings { tick, ..settings(config, zone) },
        seed,
        role,
    })
}

/// Ends what the last engine began and did not end.
pub async fn settle_the_past(ledger: &Ledger, clock: &Clock) -> anyhow::Result<()> {
    let now = clock.now();
    let erased = ledger::person::apply_file(ledger, now).await?;
    if erased.tombstones > 0 {
        tracing::warn!(
            tombstones = erased.tombstones,
            contacts = erased.contacts,
            "the ledger is older than the last erasure: who was erased was erased again"
        );
    }
    if erased.without_key > 0 {
        tracing::error!(
            tombstones = erased.without_key,
            "the file of tombstones beside the ledger is gone: who was erased is known by contact id \
             only, until it is put back from a copy"
        );
    }
    let (steps, jobs) = ledger
        .write(move |tx| {
            use ledger::run::{CUT_OFF, Kind, end_unfinished};
            end_unfinished(tx, Kind::Poll, CUT_OFF, now)?;
            let steps = ledger::journal::doubt_after_crash(tx, now)?;
            Ok((steps, ledger::job::end_unfinished(tx, now)?))
        })
        .await?;
    if steps > 0 {
        tracing::warn!(steps, "writes were on their way when the engine stopped; looking");
    }
    if jobs > 0 {
        tracing::warn!(jobs, "commands waited for an answer when the engine stopped");
    }
    Ok(())
}

/// The client of `ActiveCampaign`, with its limiter.
pub(super) fn reads(
    config: &Config,
    wire: Wire,
    clock: Clock,
) -> anyhow::Result<activecampaign::Client> {
    let own = &config.activecampaign;
    let limiter = Limiter::new(Pace::per_second(own.requests_per_second), clock.clone());
    let (key, timeout) = (own.api_key.clone(), own.timeout);
    activecampaign::Client::new(&own.url, key, timeout, wire, Arc::new(limiter), clock)
        .context("activecampaign.url or activecampaign.api_key")
}

/// A reader of Ploomes that keeps its quota to itself, for who has no ledger yet.
pub(super) fn looks(config: &Config, wire: Wire, clock: Clock) -> anyhow::Result<ploomes::Reader> {
    let own = &config.ploomes;
    let limiter = Limiter::new(Pace::per_minute(own.requests_per_minute), clock.clone());
    let (key, limiter) = (own.user_key.clone(), Arc::new(limiter));
    let sender = ploomes::sender(&own.url, key, own.timeout, wire, limiter, clock);
    Ok(ploomes::Reader::new(sender.context("ploomes.url or ploomes.user_key")?))
}

/// Reader and writer of Ploomes: one limiter, whose times stand in the ledger.
async fn writes(
    config: &Config,
    wire: Wire,
    clock: Clock,
    ledger: &Ledger,
) -> anyhow::Result<(ploomes::Reader, ploomes::Writer)> {
    let own = &config.ploomes;
    let (kept, steady) = (ledger.clone(), clock.clone());
    let record: Record = Arc::new(move |at| {
        let (ledger, now) = (kept.clone(), Moment { at, ..steady.moment() });
        Box::pin(async move {
            let kept = ledger.write(move |tx| ledger::quota::record(tx, now)).await;
            kept.map_err(Into::into)
        })
    });
    let limiter = Limiter::new(Pace::per_minute(own.requests_per_minute), clock.clone());
    let limiter = Arc::new(limiter.recorded_by(record));
    let now = clock.moment();
    limiter.restore(ledger.read(move |conn| ledger::quota::times(conn, now)).await?);
    let sender = ploomes::sender(&own.url, own.user_key.clone(), own.timeout, wire, limiter, clock)
        .context("ploomes.url or ploomes.user_key")?;
    Ok((ploomes::Reader::new(sender.clone()), ploomes::Writer::new(sender)))
}

/// Numbers of the configuration that the engine goes by.
fn settings(config: &Config, zone: Tz) -> Settings {
    let span = |duration| chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX);
    Settings {
        activecampaign_host: config.activecampaign.host().to_owned(),
        lead_key_field: config.ploomes.lead_key_field.clone(),
        tick: FALLBACK_TICK,
        settle: config.ploomes.settle,
        backoff: Backoff { first: config.retry.first, max: config.retry.max },
        attempts: config.retry.attempts,
        give_up: span(config.retry.give_up),
        overlap: span(config.schedule.overlap),
        keep_payloads: span(config.ledger.keep_payloads),
        max_repairs: config.reconcile.max_repairs,
        poll: config.schedule.poll.clone(),
        reconcile: config.schedule.reconcile.clone(),
        reconcile_mode: match config.reconcile.mode {
            config::ReconcileMode::Report => Mode::Report,
            config::ReconcileMode::Repair => Mode::Repair,
        },
        drift: match config.reconcile.drift {
            config::Drift::Off => None,
            config::Drift::Report => Some(Mode::Report),
            config::Drift::Repair => Some(Mode::Repair),
        },
        timezone: zone,
    }
}

/// The configured routes with the ledger's part of each; one that works makes them known to it.
async fn routes(
    config: &Config,
    ledger: &Ledger,
    clock: &Clock,
    role: Role,
) -> anyhow::Result<Vec<Route>> {
    let now = clock.now();
    let starts: Vec<ledger::route::Start> = config.routes.iter().map(start_of).collect();
    let rows = match role {
        Role::Works => ledger.write(move |tx| ledger::route::start(tx, &starts, now)).await?,
        Role::Asks => ledger.read(move |conn| ledger::route::look(conn, &starts, now)).await?,
    };
    let zone = config.schedule.timezone;
    let routes = config.routes.iter().zip(rows);
    Ok(routes
        .map(|(route, row)| {
            // AC's stamps have whole seconds: who entered in the second of the first start counts.
            let first_start = row.first_start.trunc_subsecs(0);
            Route {
                id: row.id,
                name: route.name.clone(),
                enabled: route.enabled,
                membership: membership(&route.membership),
                since: route.since.map_or(first_start, |since| since.at(zone)),
                first_start,
                expect_within: route.expect_within,
                spec: spec(route, config.ploomes.lead_key_field.clone()),
            }
        })
        .collect())
}

fn start_of(route: &config::Route) -> ledger::route::Start {
    let key_kind = match route.membership {
        config::Membership::Automation(_) => KeyKind::Enrollment,
        _ => KeyKind::Contact,
    };
    ledger::route::Start {
        name: route.name.clone(),
        was: route.was.clone(),
        key_kind,
        members: membership(&route.membership).to_string(),
    }
}

fn membership(membership: &config::Membership) -> Membership {
    match membership {
        config::Membership::Automation(id) => Membership::Automation(AutomationId(*id)),
        config::Membership::Tag(tag) => Membership::Tag(tag.clone()),
        config::Membership::List(id) => Membership::List(*id),
        config::Membership::EveryContact => Membership::EveryContact,
    }
}

/// What a route creates, in the words of the rules.
pub(super) fn spec(route: &config::Route, lead_key_field: Option<String>) -> RouteSpec {
    let name_or_id = |it: &config::NameOrId| match it {
        config::NameOrId::Name(name) => rules::NameOrId::Name(name.clone()),
        config::NameOrId::Id(id) => rules::NameOrId::Id(*id),
    };
    let source = |it: &config::Source| match it {
        config::Source::From(from) => rules::Source::From(from.clone()),
        config::Source::Template(template) => rules::Source::Template(template.clone()),
    };
    RouteSpec {
        name: route.name.clone(),
        create: route.create,
        pipeline: route.pipeline.as_ref().map(name_or_id),
        stage: route.stage.as_ref().map(name_or_id),
        skip_if_open_deal: route.skip_if_open_deal,
        existing: route.existing,
        owners: route
            .owner
            .iter()
            .map(|it| match it {
                config::OwnerRef::Id(id) => rules::OwnerRef::Id(*id),
                config::OwnerRef::Email(email) => rules::OwnerRef::Email(email.clone()),
            })
            .collect(),
        origin: route.origin.clone(),
        tags: route.tags.clone(),
        note: route.note.clone(),
        map: route
            .map
            .iter()
            .map(|row| rules::MapRow {
                source: source(&row.source),
                to: row.to.clone(),
                required: row.required,
            })
            .collect(),
        company_ignore: route.company_ignore.clone(),
        lead_key_field,
    }
}
