//! `erase`: removes a person from the ledger, and keeps them out.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use super::{
    Failure,
    args::{ContactRef, Erase},
    handover, say, say_json,
};
use crate::{
    clock::Clock,
    config::Config,
    ledger::person::{self, Erased, Who},
};

/// What the two services are told: nothing.
const ELSEWHERE: &str = "ActiveCampaign and Ploomes are untouched: erase the person there too, \
                         where that is asked for";

/// Whom the command line names.
pub(super) fn who(contact: &ContactRef) -> Who {
    match contact {
        ContactRef::Id(id) => Who::Contact(*id),
        ContactRef::Email(email) => Who::Email(email.trim().to_owned()),
    }
}

/// Erases a person, or lets them in again.
pub(super) async fn erase(config: &Config, erase: &Erase) -> Result<(), Failure> {
    if erase.lift {
        return lift(config, erase).await;
    }
    if !erase.yes && !confirmed()? {
        say("nothing was erased");
        return Ok(());
    }
    let clock = Clock::system();
    let ledger = super::open_what_is_there(config, &clock)?;
    let erased = person::erase(&ledger, &who(&erase.contact), clock.now()).await?;
    ledger.close().await;
    if erase.output.json {
        say_json(&shown(&erased));
    } else {
        say(&text(&erased));
    }
    if erased.log_emptied { Ok(()) } else { Err(Failure::Wrong) }
}

async fn lift(config: &Config, erase: &Erase) -> Result<(), Failure> {
    let clock = Clock::system();
    let ledger = super::open_what_is_there(config, &clock)?;
    let lifted = person::lift(&ledger, &who(&erase.contact), clock.now()).await?;
    handover::wake(config, &ledger, &clock).await?;
    ledger.close().await;
    if erase.output.json {
        say_json(&json!({ "lifted": lifted }));
    } else if lifted > 0 {
        say("let in again; what was erased is read anew from ActiveCampaign");
    }
    if lifted == 0 {
        return Err(anyhow::anyhow!("nobody was erased under this id or address").into());
    }
    Ok(())
}

fn confirmed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let words = "erase asks before it erases, and there is nobody to ask here; add --yes";
        return Err(Failure::Usage(words.to_owned()));
    }
    say(ELSEWHERE);
    let question = dialoguer::Confirm::new()
        .with_prompt("Erase this person from the ledger? Nothing brings it back")
        .default(false);
    Ok(question.interact()?)
}

fn shown(erased: &Erased) -> Value {
    json!({
        "contacts": erased.contacts,
        "deliveries": erased.deliveries,
        "leads": erased.leads,
        "in_doubt": erased.in_doubt,
        "deleted": erased.deleted,
        "log_emptied": erased.log_emptied,
    })
}

fn text(erased: &Erased) -> String {
    let mut lines = vec![format!(
        "erased: deliveries {}, leads {}; a tombstone keeps the person out (`erase --lift` ends that)",
        erased.deliveries, erased.leads
    )];
    if erased.in_doubt > 0 {
        lines.push(
            "a write to Ploomes had no answer yet: look there whether it made a record".to_owned(),
        );
    }
    for copy in &erased.deleted {
        lines.push(format!("deleted, because it still held the person: {}", copy.display()));
    }
    if !erased.log_emptied {
        lines.push(
            "the write-ahead log still holds the person, because something reads the ledger without \
             end; end that and run this once more"
                .to_owned(),
        );
    }
    lines.push(ELSEWHERE.to_owned());
    lines.push(
        "copies that you made hold the person until `restore` puts one back; reports that were \
         written to files are yours to delete"
            .to_owned(),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_erased_and_what_was_not_is_said() {
        let erased = Erased {
            deliveries: 41,
            leads: 2,
            in_doubt: 1,
            deleted: vec!["ponte.db.before-3".into()],
            ..Erased::default()
        };
        insta::assert_snapshot!(text(&erased), @r"
        erased: deliveries 41, leads 2; a tombstone keeps the person out (`erase --lift` ends that)
        a write to Ploomes had no answer yet: look there whether it made a record
        deleted, because it still held the person: ponte.db.before-3
        the write-ahead log still holds the person, because something reads the ledger without end; end that and run this once more
        ActiveCampaign and Ploomes are untouched: erase the person there too, where that is asked for
        copies that you made hold the person until `restore` puts one back; reports that were written to files are yours to delete
        ");
    }
}
