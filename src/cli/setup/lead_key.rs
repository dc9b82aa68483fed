//! Has the lead key field made by the engine, and writes its key down.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::{
    cli::{
        Failure,
        compose::{self, World},
        handover, random_seed, say,
    },
    clock::Clock,
    config::{At, Config, Edit},
    engine::{Role, jobs::kind},
    ledger::{Options, open::Opener},
};

/// Makes the field, or finds it, and sets `ploomes.lead_key_field`; gives the configuration anew.
pub(super) async fn make(
    path: &Path,
    config: &Config,
    environment: &BTreeMap<String, String>,
) -> Result<Config, Failure> {
    let arguments = json!({});
    // The ledger is made by the service, whose file it must be; where there is one, its quota counts.
    let answer = if config.ledger.path.try_exists()? {
        handover::perform(config, kind::LEAD_KEY_FIELD, arguments, false).await?
    } else {
        by_ourselves(config, &arguments).await?
    };
    let key = answer["key"].as_str().unwrap_or_default();
    let mut edit = Edit::open(path)?;
    edit.set(At::Section("ploomes"), "lead_key_field", &key.into())?;
    let loaded = edit.save(environment)?;
    let what = if answer["made"] == true { "was made" } else { "is there already" };
    say(&format!("The field of deals in Ploomes that carries lead keys {what}: {key}"));
    Ok(loaded.config)
}

async fn by_ourselves(config: &Config, arguments: &Value) -> Result<Value, Failure> {
    let (clock, seed) = (Clock::system(), random_seed());
    let ledger = Options::memory(seed, clock.clone()).open(Opener::Command)?;
    let engine =
        compose::engine(config, ledger.clone(), clock, World::Sockets, seed, Role::Asks).await?;
    let answer = engine.perform(kind::LEAD_KEY_FIELD, arguments).await;
    ledger.close().await;
    Ok(answer.map_err(anyhow::Error::msg)?)
}
