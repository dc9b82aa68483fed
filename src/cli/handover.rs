//! Commands that call `ActiveCampaign` or Ploomes: by the engine that holds the ledger where one
//! runs, else by one of our own. One limiter, one engine.

use std::{convert::Infallible, time::Duration};

use anyhow::bail;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Failure,
    compose::{self, World},
    run::signal,
};
use crate::{
    clock::Clock,
    config::Config,
    engine::{Lifecycle, jobs},
    ledger::{EngineLock, Ledger, job, open::Opener},
};

/// How often an answer of the running engine is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often is looked whether it still runs.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// How long the running engine may take for an answer: a poll of a large account reads for minutes.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_hours(1);

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the answer of a running engine.
    pub(super) answer: Duration,
    /// From the start on, for what an engine of our own has to write; `None` where it is nothing.
    pub(super) drain: Option<Duration>,
}

/// Has a job done, and returns its answer.
///
/// `drain`: where the engine is our own, it goes on until what it found is written, failed, or put
/// off after a failure.
pub(super) async fn perform(
    config: &Config,
    kind: &str,
    arguments: Value,
    drain: bool,
) -> Result<Value, Failure> {
    let patience = Patience { answer: ANSWER_WITHIN, drain: drain.then_some(Duration::MAX) };
    let never = std::future::pending();
    let answer = have_done(config, (kind, &arguments), patience, never).await?;
    Ok(answer.expect("only an interruption gives none"))
}

/// The same for work that may take hours; meanwhile `watch` can look at the ledger.
///
/// A signal ends it softly: what is left stays in the queue, and the answer is `None`.
pub(super) async fn perform_long<W: Future<Output = Infallible>>(
    config: &Config,
    job: (&str, &Value),
    patience: Patience,
    watch: impl FnOnce(Ledger) -> W,
) -> Result<Option<Value>, Failure> {
    let ledger = super::open_ledger(config, &Clock::system(), Opener::Command)?;
    let watch = watch(ledger.clone());
    let answer = tokio::select! {
        answer = have_done(config, job, patience, signal()) => answer,
        never = watch => match never {},
    };
    ledger.close().await;
    answer
}

/// By whoever has the ledger's lock; `None` where it was interrupted.
async fn have_done(
    config: &Config,
    (kind, arguments): (&str, &Value),
    patience: Patience,
    interrupt: impl Future<Output = ()>,
) -> Result<Option<Value>, Failure> {
    let clock = Clock::system();
    let mut interrupt = std::pin::pin!(interrupt);
    let lock = if let Some(lock) = EngineLock::try_take(&config.ledger.path)? {
        lock
    } else {
        let asked = tokio::select! {
            asked = ask(config, &clock, kind, arguments, patience.answer) => asked?,
            () = &mut interrupt => return Ok(None),
        };
        match asked {
            Asked::Answer(answer) => return Ok(Some(answer)),
            Asked::Nobody(lock) => lock,
        }
    };
    let ledger = super::open_ledger(config, &clock, Opener::Engine(&lock))?;
    let answer =
        by_ourselves(config, &ledger, &clock, (kind, arguments), patience.drain, interrupt).await;
    ledger.close().await;
    answer
}

/// Does a job with an engine of our own.
async fn by_ourselves(
    config: &Config,
    ledger: &Ledger,
    clock: &Clock,
    (kind, arguments): (&str, &Value),
    drain: Option<Duration>,
    interrupt: impl Future<Output = ()>,
) -> Result<Option<Value>, Failure> {
    let (ledger, clock, seed) = (ledger.clone(), clock.clone(), super::random_seed());
    let role = jobs::role_of(kind);
    let engine = compose::engine(config, ledger, clock, World::Sockets, seed, role).await?;
    let (lifecycle, begun) = (Lifecycle::new(), Instant::now());
    if drain.is_some() {
        engine.start(&lifecycle);
    }
    let work = async {
        let answer = engine.perform(kind, arguments).await.map_err(anyhow::Error::msg)?;
        if let Some(within) = drain {
            let left = within.saturating_sub(begun.elapsed());
            // What is not written by then stays in the queue.
            tokio::time::timeout(left, engine.drained()).await.unwrap_or(Ok(()))?;
        }
        anyhow::Ok(answer)
    };
    let answer = tokio::select! {
        answer = work => answer.map(Some),
        () = interrupt => Ok(None),
    };
    lifecycle.stop();
    lifecycle.stopped().await;
    Ok(answer?)
}

/// What came of asking the running engine.
enum Asked {
    /// It answered.
    Answer(Value),
    /// It runs no more; its lock is ours, and the job is withdrawn.
    Nobody(EngineLock),
}

/// Asks the running engine, and waits for its answer for as long as it runs.
async fn ask(
    config: &Config,
    clock: &Clock,
    kind: &str,
    arguments: &Value,
    within: Duration,
) -> anyhow::Result<Asked> {
    let ledger = super::open_ledger(config, clock, Opener::Command)?;
    let (kind, arguments, now) = (kind.to_owned(), arguments.to_string(), clock.now());
    let id = ledger.write(move |tx| job::queue(tx, &kind, &arguments, now)).await?;
    let deadline = Instant::now() + within;
    let mut watch_at = Instant::now() + WATCH_EVERY;
    let (answer, lock) = loop {
        let is_late = Instant::now() >= deadline;
        let mut lock = None;
        if Instant::now() >= watch_at {
            watch_at = Instant::now() + WATCH_EVERY;
            lock = EngineLock::try_take(&config.ledger.path)?;
        }
        // With the lock in hand, what is not answered now never will be.
        let answer = ledger.read(move |conn| job::answer(conn, id)).await?;
        if answer.is_some() || lock.is_some() || is_late {
            break (answer, lock);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    // Answers may name people: nothing of them stays.
    ledger.write(move |tx| job::forget(tx, id)).await?;
    ledger.close().await;
    let (done, answer) = match (answer, lock) {
        (Some(answer), _) => answer,
        (None, Some(lock)) => return Ok(Asked::Nobody(lock)),
        (None, None) => {
            bail!("the running engine gave no answer in {} minutes", within.as_secs() / 60)
        }
    };
    let answer: Value = serde_json::from_str(&answer)?;
    if done {
        return Ok(Asked::Answer(answer));
    }
    bail!("{}", answer["error"].as_str().unwrap_or("the running engine could not do it"));
}

/// Tells a running engine to look now; without one there is nobody to tell.
pub(super) async fn wake(config: &Config, ledger: &Ledger, clock: &Clock) -> Result<(), Failure> {
    if super::is_there(config)? && EngineLock::try_take(&config.ledger.path)?.is_none() {
        let now = clock.now();
        ledger.write(move |tx| job::queue(tx, jobs::kind::WAKE, "{}", now)).await?;
    }
    Ok(())
}
