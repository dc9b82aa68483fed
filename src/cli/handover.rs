//! Commands that call `ActiveCampaign` or Ploomes: by the engine that holds the ledger where one
//! runs, else by one of our own. One limiter, one engine.

use std::time::Duration;

use anyhow::bail;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Failure,
    compose::{self, World},
};
use crate::{
    clock::Clock,
    config::Config,
    engine::{Engine, Lifecycle},
    ledger::{EngineLock, Ledger, job, open::Opener},
};

/// How often an answer of the running engine is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the running engine may take for an answer: a poll of a large account reads for minutes.
const ANSWER_WITHIN: Duration = Duration::from_hours(1);

/// Who does the work.
pub(super) enum Hands {
    /// An engine of this process; the lock is ours until it drops.
    Ours(Engine, EngineLock),
    /// The engine that runs.
    Theirs,
}

/// Opens the ledger, and finds out who works on it.
pub(super) async fn hands(config: &Config, clock: &Clock) -> Result<(Ledger, Hands), Failure> {
    let lock = EngineLock::try_take(&config.ledger.path)?;
    let opener = lock.as_ref().map_or(Opener::Command, Opener::Engine);
    let ledger = super::open_ledger(config, clock, opener)?;
    let hands = match lock {
        Some(lock) => {
            let engine = compose::engine(
                config,
                ledger.clone(),
                clock.clone(),
                World::Sockets,
                super::random_seed(),
            )
            .await?;
            Hands::Ours(engine, lock)
        }
        None => Hands::Theirs,
    };
    Ok((ledger, hands))
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
    let clock = Clock::system();
    let (ledger, hands) = hands(config, &clock).await?;
    let answer = match hands {
        Hands::Ours(engine, _lock) => {
            let lifecycle = Lifecycle::new();
            if drain {
                engine.start(&lifecycle);
            }
            let answer = engine.perform(kind, &arguments).await;
            if drain && answer.is_ok() {
                engine.drained().await?;
            }
            lifecycle.stop();
            lifecycle.stopped().await;
            answer.map_err(anyhow::Error::msg)?
        }
        Hands::Theirs => ask(&ledger, &clock, kind, &arguments).await?,
    };
    ledger.close().await;
    Ok(answer)
}

/// Asks the running engine, and waits for its answer.
async fn ask(
    ledger: &Ledger,
    clock: &Clock,
    kind: &str,
    arguments: &Value,
) -> anyhow::Result<Value> {
    let (kind, arguments, now) = (kind.to_owned(), arguments.to_string(), clock.now());
    let id = ledger.write(move |tx| job::queue(tx, &kind, &arguments, now)).await?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline {
        if let Some((done, answer)) = ledger.read(move |conn| job::answer(conn, id)).await? {
            // Answers may name people: nothing of them stays.
            ledger.write(move |tx| job::forget(tx, id)).await?;
            let answer: Value = serde_json::from_str(&answer)?;
            if done {
                return Ok(answer);
            }
            bail!("{}", answer["error"].as_str().unwrap_or("the running engine could not do it"));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("the running engine gave no answer within an hour")
}

/// Tells a running engine to look now; without one there is nobody to tell.
pub(super) async fn wake(config: &Config, ledger: &Ledger, clock: &Clock) -> Result<(), Failure> {
    if EngineLock::try_take(&config.ledger.path)?.is_none() {
        let now = clock.now();
        ledger.write(move |tx| job::queue(tx, crate::engine::jobs::kind::WAKE, "{}", now)).await?;
    }
    Ok(())
}
