//! Reads the configuration again while the service runs: on SIGHUP, and when the page asks.

use std::{collections::BTreeMap, path::Path};

use super::Shifts;
use crate::{
    cli::notify,
    config::{self, AtNextStart, NotTaken, Severity},
};

/// Reads the file again and has it taken over; what came of it is in the log as well.
///
/// A file that cannot be used is refused whole, and what was in force goes on.
pub(super) async fn reload(
    path: &Path,
    environment: &BTreeMap<String, String>,
    shifts: &Shifts,
) -> Result<AtNextStart, NotTaken> {
    notify::reloading();
    let taken = take_over(path, environment, shifts).await;
    match &taken {
        Ok(later) => {
            tracing::info!("took over the configuration");
            for key in later {
                tracing::warn!(key, "`{key}` was changed and takes effect at the next start");
            }
        }
        Err(NotTaken::Refused(problems)) => {
            for problem in problems.0.iter().filter(|it| it.severity == Severity::Error) {
                let (place, line) = (&problem.place, problem.line.unwrap_or_default());
                tracing::error!(key = problem.key, "{place}:{line}: {}", problem.message);
            }
            tracing::error!("the configuration cannot be used; the one in force goes on");
        }
        Err(error) => tracing::error!(%error, "the configuration was not taken over"),
    }
    notify::ready();
    taken
}

async fn take_over(
    path: &Path,
    environment: &BTreeMap<String, String>,
    shifts: &Shifts,
) -> Result<AtNextStart, NotTaken> {
    let loaded = config::load(path, environment).map_err(NotTaken::Refused)?;
    for warning in &loaded.warnings {
        tracing::warn!(key = warning.key, "{}", warning.message);
    }
    let taken = shifts.take_over(loaded.config).await;
    taken.map_err(|error| NotTaken::Failed(format!("{error:#}")))
}
