//! `reconcile` and `report`: everybody in `ActiveCampaign` against the ledger.

mod output;
mod progress;

use std::{io::IsTerminal, time::Duration};

use chrono::TimeDelta;
use serde_json::json;

use super::{
    Failure,
    args::{Reconcile, Report, Shown},
    handover::{self, ANSWER_WITHIN, Patience},
};
use crate::{
    clock::Clock,
    config::{Config, ReconcileMode},
    engine::jobs::kind,
    ledger::{self, run::RunId},
    report::{Ending, Forecast, Reconciliation, lasting},
};

/// What a run may take for reading, beside the writes that are waited for: ten million contacts at
/// `ActiveCampaign`'s own pace.
const READ_WITHIN: Duration = Duration::from_hours(6);

/// One full reconciliation now.
pub(super) async fn reconcile(config: &Config, asked: &Reconcile) -> Result<(), Failure> {
    super::is_configured(config, asked.route.as_deref())?;
    if asked.all {
        return reconcile_all(config, asked).await;
    }
    let report = one(config, asked, asked.mode.unwrap_or(config.reconcile.mode)).await?;
    give(&report, &asked.shown)?;
    ended(&report)
}

/// The last reconciliation again, or that one.
pub(super) async fn report(config: &Config, asked: &Report) -> Result<(), Failure> {
    let report = match (read(config, asked.run.map(RunId)).await?, asked.run) {
        (Some(report), _) => report,
        (None, Some(run)) => {
            return Err(Failure::Usage(format!(
                "there is no reconciliation {run}; `ponte report` shows the last one"
            )));
        }
        (None, None) => {
            return Err(anyhow::anyhow!(
                "there was no reconciliation yet; `ponte reconcile` makes one"
            )
            .into());
        }
    };
    give(&report, &asked.shown)
}

/// Brings in however much is missing, after a count, a forecast and a question.
async fn reconcile_all(config: &Config, asked: &Reconcile) -> Result<(), Failure> {
    may_ask(asked, std::io::stdin().is_terminal()).map_err(Failure::Usage)?;
    let counted = one(config, asked, ReconcileMode::Report).await?;
    // What an earlier one found and did not bring in before it was stopped.
    let waiting = waiting(config).await?;
    let nothing = counted.found() == (0, 0) && waiting == 0;
    if !nothing {
        output::note(&forecast(&counted, waiting, asked.wait, config));
    }
    let go_on = !nothing && (asked.yes || confirmed()?);
    let report = if go_on { one(config, asked, ReconcileMode::Repair).await? } else { counted };
    give(&report, &asked.shown)?;
    ended(&report)
}

/// Whether everything can be brought in, as it was asked for.
fn may_ask(asked: &Reconcile, terminal: bool) -> Result<(), String> {
    if asked.mode == Some(ReconcileMode::Report) {
        return Err("--all brings in what was missed, and --mode report writes nothing".to_owned());
    }
    if !asked.yes && !terminal {
        let words = "--all asks before it writes, and there is nobody to ask here; add --yes";
        return Err(words.to_owned());
    }
    Ok(())
}

/// What is to be brought in, how many calls that is, and how long they take.
fn forecast(counted: &Reconciliation, waiting: i64, wait: Duration, config: &Config) -> String {
    let forecast = counted.forecast(waiting, config.ploomes.requests_per_minute);
    let Forecast { missed, stale, calls, per_minute: limit, seconds, .. } = forecast;
    let length = forecast.length().map_or("years".to_owned(), lasting);
    let but = if forecast.is_whole { "" } else { "Not everything could be read: at least " };
    let queue =
        if waiting == 0 { String::new() } else { format!(" {waiting} wait in the queue already.") };
    let longer = if u64::try_from(seconds).is_ok_and(|it| it > wait.as_secs()) {
        let wait = TimeDelta::from_std(wait).map_or_else(|_| "years".to_owned(), lasting);
        format!(
            " That is more than the {wait} that are waited (--wait): what is left then stays in the \
             queue, and `ponte run`, or this command again, goes on with it."
        )
    } else {
        String::new()
    };
    format!(
        "{but}{missed} leads are missing and {stale} are out of date.{queue} To bring them in takes \
         up to {calls} calls to Ploomes: about {length} at {limit} a minute, after what comes \
         fresh.{longer}"
    )
}

/// What waits in the queue.
async fn waiting(config: &Config) -> Result<i64, Failure> {
    let clock = Clock::system();
    let ledger = super::open_to_look(config, &clock)?;
    let now = clock.now();
    let counts = ledger.read(move |conn| ledger::status::read(conn, now)).await?;
    ledger.close().await;
    Ok(counts.waiting())
}

fn confirmed() -> Result<bool, Failure> {
    let question = dialoguer::Confirm::new().with_prompt("Bring them in?").default(false);
    Ok(question.interact()?)
}

/// Makes a run, and reads what came of it.
async fn one(
    config: &Config,
    asked: &Reconcile,
    mode: ReconcileMode,
) -> Result<Reconciliation, Failure> {
    let repairs = mode == ReconcileMode::Repair;
    let arguments = json!({
        "route": asked.route,
        "mode": if repairs { "repair" } else { "report" },
        "all": asked.all,
        "wait_s": asked.wait.as_secs(),
    });
    let patience = Patience {
        answer: ANSWER_WITHIN + READ_WITHIN + asked.wait,
        drain: repairs.then_some(asked.wait),
    };
    let job = (kind::RECONCILE, &arguments);
    let Some(answer) = handover::perform_long(config, job, patience, progress::show).await? else {
        output::note("stopped; what was found stays in the queue, and the next run goes on");
        return Err(Failure::Partial);
    };
    let run = answer["run"].as_str().and_then(|run| run.parse().ok()).map(RunId);
    let report = read(config, run).await?;
    report.ok_or_else(|| anyhow::anyhow!("the reconciliation left no trace; see the log").into())
}

/// A run as the ledger has it.
async fn read(config: &Config, run: Option<RunId>) -> Result<Option<Reconciliation>, Failure> {
    let ledger = super::open_to_look(config, &Clock::system())?;
    let zone = config.schedule.timezone;
    let report = ledger.read(move |conn| ledger::report::read(conn, run, zone)).await?;
    ledger.close().await;
    Ok(report.map(|report| Reconciliation::new(report, config)))
}

fn give(report: &Reconciliation, shown: &Shown) -> Result<(), Failure> {
    output::give(report, shown.format(), shown.output.as_deref())
}

/// The status that it ends with.
fn ended(report: &Reconciliation) -> Result<(), Failure> {
    match report.ending() {
        Ending::Well => Ok(()),
        Ending::Wrong => Err(Failure::Wrong),
        Ending::Partial => Err(Failure::Partial),
    }
}

#[cfg(test)]
mod tests;
