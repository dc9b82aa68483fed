//! `backup`, `restore` and `export`: what leaves the ledger whole, and what comes back.

use std::io::IsTerminal as _;

use anyhow::Context as _;

use super::{
    Failure,
    args::{Backup, Export, Restore},
    erase::who,
    private, say, say_json,
};
use crate::{
    clock::Clock,
    config::Config,
    ledger::{
        self, EngineLock, audit,
        copy::{self, Proved},
        open::Opener,
        person,
    },
    report,
};

/// Everything held of a person, as JSON.
pub(super) async fn export(config: &Config, export: &Export) -> Result<(), Failure> {
    let ledger = super::open_what_is_there(config, &Clock::system())?;
    let (who, keys) = (who(&export.contact), ledger.clone());
    let held =
        ledger.read(move |conn| person::export::read(conn, |text| keys.keyed(text), &who)).await?;
    ledger.close().await;
    let Some(held) = held else {
        return Err(anyhow::anyhow!("the ledger holds nothing of this contact").into());
    };
    let document = report::export(held, config);
    match &export.output {
        Some(file) => {
            private::write(file, format!("{document:#}\n").as_bytes())
                .with_context(|| format!("{} cannot be written", file.display()))?;
            say(&format!("written to {}", file.display()));
        }
        None => say(&format!("{document:#}")),
    }
    Ok(())
}

/// A consistent copy, while others use the ledger.
pub(super) async fn backup(config: &Config, backup: &Backup) -> Result<(), Failure> {
    let to = backup.file.clone();
    let path = &config.ledger.path;
    let ledger = super::open_what_is_there(config, &Clock::system())?;
    copy::may_replace(&to, path)?;
    let target = to.clone();
    let head = ledger.read(move |conn| ledger::backup(conn, &target)).await?;
    ledger.close().await;
    let bytes = std::fs::metadata(&to).map(|it| it.len()).unwrap_or_default();
    let head = audit::hex(&head.hash);
    if backup.output.json {
        say_json(&serde_json::json!({ "file": to, "bytes": bytes, "head": head }));
    } else {
        say(&format!("copied to {} ({bytes} bytes, head {head})", to.display()));
        say("keep the file of tombstones in another place than this, see docs/privacy.md");
    }
    Ok(())
}

/// Puts a copy in the ledger's place, once it is proved.
pub(super) async fn restore(config: &Config, restore: &Restore) -> Result<(), Failure> {
    let path = &config.ledger.path;
    let clock = Clock::system();
    if !restore.yes && !std::io::stdin().is_terminal() {
        let words = "restore asks before it replaces the ledger, and there is nobody to ask here; \
                     add --yes";
        return Err(Failure::Usage(words.to_owned()));
    }
    let Some(lock) = EngineLock::try_take(path)? else {
        let words = "a ponte is running on this ledger; stop it first";
        return Err(anyhow::anyhow!(words).into());
    };
    let restoring = copy::restoring(&restore.file, path, &lock, clock.now())?;
    let proved = restoring.proved().expect("it was proved").clone();
    if !restore.yes {
        say(&described(config, &proved));
        let question = dialoguer::Confirm::new()
            .with_prompt(format!("Put it in the place of {}?", path.display()))
            .default(false);
        if !question.interact().map_err(anyhow::Error::from)? {
            say("nothing was replaced");
            return Ok(());
        }
    }
    let kept = restoring.put_back()?;
    // Who was erased since is erased in it.
    let ledger = super::open_ledger(config, &clock, Opener::Engine(&lock))?;
    let erased = person::apply_file(&ledger, clock.now()).await?;
    ledger.close().await;
    if restore.output.json {
        say_json(&serde_json::json!({
            "deliveries": proved.deliveries,
            "leads": proved.leads,
            "head": audit::hex(&proved.head),
            "kept": kept,
            "erased": erased.contacts,
        }));
        return Ok(());
    }
    say(&described(config, &proved));
    if let Some(kept) = kept {
        say(&format!("what it replaced is {}", kept.display()));
    }
    if erased.contacts > 0 {
        say(&format!("erased again, because they were erased since: {} contacts", erased.contacts));
    }
    say("start ponte: it polls what came since, and takes over the deals that it finds in Ploomes");
    Ok(())
}

fn described(config: &Config, proved: &Proved) -> String {
    let until = proved.until.map_or_else(
        || "nothing".to_owned(),
        |at| at.with_timezone(&config.schedule.timezone).format("%F %T").to_string(),
    );
    format!(
        "the copy is whole and proved: deliveries {}, leads {}, the last thing that it knows is of \
         {until}; head {}",
        proved.deliveries,
        proved.leads,
        audit::hex(&proved.head)
    )
}
