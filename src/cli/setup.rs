//! `setup`: asks, tests what it is told at once, shows what both accounts offer, writes the
//! configuration, and says what to click in `ActiveCampaign`.
//!
//! On a terminal it asks; with `--answers` it takes a file. Both ways fill in the same draft, which
//! the product's own reader and rules check against the accounts before anything is written. To
//! Ploomes it writes the lead key field alone, where that is wanted, through the engine.

mod accounts;
mod answers;
mod ask;
mod closing;
mod draft;
mod lead_key;
mod talk;

use std::{collections::BTreeMap, io::IsTerminal, path::Path};

use super::{Failure, args::Setup, say};
use crate::config::{MapRow, Setting};
use draft::Draft;

/// Asks, or takes the answers from a file, and writes the configuration.
pub(super) async fn setup(path: &Path, arguments: &Setup) -> Result<(), Failure> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let draft = Draft::open(path, environment)?;
    let (draft, wishes, accounts) = match &arguments.answers {
        Some(file) => answers::take(draft, file).await?,
        None if std::io::stdin().is_terminal() => talk::talk(draft).await?,
        None => {
            let words =
                "there is no terminal to ask on; give --answers FILE (`ponte setup --help`)";
            return Err(Failure::Usage(words.to_owned()));
        }
    };
    let mut config = draft.save()?;
    say(&format!("{} is written.", path.display()));
    let mut failed = None;
    if wishes.lead_key_field && config.ploomes.lead_key_field.is_none() {
        match lead_key::make(path, &config, draft.environment()).await {
            Ok(with_field) => config = with_field,
            Err(error) => failed = Some(error),
        }
    }
    say(&closing::words(path, &config, &wishes, &accounts));
    failed.map_or(Ok(()), Err)
}

/// What is wanted besides what stands in the configuration.
#[derive(Debug, Default)]
struct Wishes {
    /// Where `ActiveCampaign` reaches the receiver; `None`: not said.
    public_url: Option<String>,
    /// The lead key field is to be made.
    lead_key_field: bool,
    /// The routes that this is about, by name.
    routes: Vec<String>,
}

/// A route as it was answered.
struct NewRoute {
    name: String,
    /// In the order of the file; without name and map.
    settings: Vec<(String, Setting)>,
    map: Map,
}

/// Which map a route gets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Map {
    /// What is proposed, by name and type.
    Proposed,
    /// What every contact has: the default map.
    Usual,
    /// These rows.
    Rows(Vec<MapRow>),
}
