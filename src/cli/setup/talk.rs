//! `setup` on a terminal: a wrong answer says what is wrong, and is asked for again.

mod route;

use super::{
    Wishes,
    accounts::{self, Accounts},
    ask,
    draft::Draft,
};
use crate::{
    cli::{Failure, say},
    config::Config,
    domain::catalog::PloomesCatalog,
};

/// Asks for everything; nothing is written yet.
pub(super) async fn talk(mut draft: Draft) -> Result<(Draft, Wishes, Accounts), Failure> {
    let known = if draft.is_new() { None } else { draft.load().ok() };
    match &known {
        None => say("This makes a configuration. Nothing is written before all is answered."),
        Some(_) => say("There is a configuration: what you do not change stays as it is."),
    }
    let mut accounts = activecampaign(&mut draft, known.as_ref()).await?;
    accounts.catalog = ploomes(&mut draft, known.as_ref()).await?;
    if accounts.key_is_a_persons() {
        say("Note: this key belongs to a person. Deals that they make by hand may be taken for \
             ponte's own; a user made for the integration avoids that.");
    }
    let routes = known.as_ref().map(|it| it.routes.as_slice()).unwrap_or_default();
    let mut wishes = Wishes::default();
    if routes.is_empty() || ask::yes("Add a route?", false)? {
        let taken: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
        loop {
            let mut attempt = draft.clone();
            let new = route::ask(&attempt, &accounts, &taken)?;
            let name = new.name.clone();
            let put = attempt.put_route(&new, &accounts);
            match put.and_then(|()| attempt.check(std::slice::from_ref(&name), &accounts)) {
                Ok(()) => {
                    wishes.routes.push(name);
                    draft = attempt;
                    break;
                }
                Err(Failure::Configuration(problems)) => {
                    say(&format!("That cannot be used:\n{problems}\nOnce more:"));
                }
                Err(other) => return Err(other),
            }
        }
    } else {
        wishes.routes = routes.iter().map(|route| route.name.clone()).collect();
    }
    let has_field = known.is_some_and(|it| it.ploomes.lead_key_field.is_some());
    wishes.lead_key_field = !has_field
        && ask::yes(
            "Have a text field made on deals in Ploomes that carries each lead's key? With it, a \
             deal is recognised whatever happens",
            true,
        )?;
    wishes.public_url = ask::maybe(
        "At which address will ActiveCampaign reach this machine, such as \
         https://leads.example.com? (empty: not known yet)",
    )?;
    Ok((draft, wishes, accounts))
}

/// Asks for URL and key until they are taken.
async fn activecampaign(draft: &mut Draft, known: Option<&Config>) -> Result<Accounts, Failure> {
    let mut url = known.map(|it| it.activecampaign.url.trim_end_matches("/api/3").to_owned());
    let mut keep = match &url {
        Some(url) => !ask::yes(&format!("ActiveCampaign is {url}. Change it, or its key?"), false)?,
        None => false,
    };
    loop {
        if !keep {
            let prompt = "ActiveCampaign: the URL from Settings > Developer";
            let given = ask::text(prompt, url.as_deref())?;
            draft.set("activecampaign", "url", &given.as_str().into())?;
            let key = ask::secret("ActiveCampaign: the key from the same page (it is not shown)")?;
            draft.set("activecampaign", "api_key", &key.as_str().into())?;
            url = Some(given);
        }
        match draft.load_side("activecampaign") {
            Ok(config) => match accounts::activecampaign(&config).await {
                Ok(accounts) => {
                    let count = accounts.automations.len();
                    say(&format!("ActiveCampaign takes the key; it has {count} automations."));
                    return Ok(accounts);
                }
                Err(words) => say(&words),
            },
            Err(problems) => say(&problems.to_string()),
        }
        keep = false;
    }
}

/// Asks for the key until it is taken.
async fn ploomes(draft: &mut Draft, known: Option<&Config>) -> Result<PloomesCatalog, Failure> {
    let mut keep = known.is_some() && !ask::yes("The key of Ploomes is set. Change it?", false)?;
    // Simulators: Ploomes' own address is the same for everybody.
    let tries = draft
        .load_side("activecampaign")
        .is_ok_and(|it| !it.activecampaign.url.starts_with("https"));
    if !keep && tries {
        let url = ask::text("Ploomes: its URL, since ActiveCampaign is on this machine", None)?;
        draft.set("ploomes", "url", &url.as_str().into())?;
    }
    loop {
        if !keep {
            let key = ask::secret("Ploomes: the key of ponte's own user (it is not shown)")?;
            draft.set("ploomes", "user_key", &key.as_str().into())?;
        }
        match draft.load_side("ploomes") {
            Ok(config) => match accounts::ploomes(&config).await {
                Ok(catalog) => {
                    let count = catalog.pipelines.iter().filter(|it| !it.archived).count();
                    say(&format!("Ploomes takes the key; it has {count} pipelines."));
                    return Ok(catalog);
                }
                Err(words) => say(&words),
            },
            Err(problems) => say(&problems.to_string()),
        }
        keep = false;
    }
}
