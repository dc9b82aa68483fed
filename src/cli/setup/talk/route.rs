//! Asks for one route, with the accounts' own lists to choose from.

use crate::{
    cli::{
        Failure,
        setup::{Map, NewRoute, accounts::Accounts, ask, draft, draft::Draft},
    },
    config::{MapRow, Setting},
    domain::{
        Behaviour,
        catalog::{Named, PloomesCatalog},
    },
    rules,
};

/// Keys and values in the order of the file.
type Settings = Vec<(String, Setting)>;

/// Asks for a route whose name is not among `taken`.
pub(super) fn ask(draft: &Draft, accounts: &Accounts, taken: &[&str]) -> Result<NewRoute, Failure> {
    let usual = (!taken.contains(&"site")).then_some("site");
    let name = loop {
        let prompt = "A name for the route; it becomes part of each lead's key";
        let name = ask::text(prompt, usual)?;
        if !taken.contains(&name.as_str()) {
            break name;
        }
        crate::cli::say("There is a route of this name; take another one.");
    };
    let mut settings = Settings::new();
    membership(&mut settings, accounts)?;
    let create = behaviour(&mut settings)?;
    if create.has_deal() {
        place(&mut settings, &accounts.catalog)?;
        let prompt = "Withhold a new deal while person or company has an open one?";
        add(&mut settings, "skip_if_open_deal", ask::yes(prompt, true)?);
    }
    let items =
        ["fill its empty fields, overwrite nothing", "overwrite its fields", "leave it as it is"];
    let existing = ask::one("A person or company that is there already", &owned(&items), 0)?;
    add(&mut settings, "existing", ["fill", "overwrite", "leave"][existing]);
    owners(&mut settings, &accounts.catalog)?;
    origin(&mut settings, &accounts.catalog.origins)?;
    if let Some(tags) = ask::maybe("Tags for what is created, with commas between (empty: none)")? {
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        settings.push(("tags".to_owned(), Setting::List(tags.map(Setting::from).collect())));
    }
    let map = map(draft, accounts, &name, &settings)?;
    let prompt = "Write to Ploomes from the start? (no: webhooks are kept until enabled = true)";
    add(&mut settings, "enabled", ask::yes(prompt, true)?);
    Ok(NewRoute { name, settings, map })
}

fn add(settings: &mut Settings, key: &str, setting: impl Into<Setting>) {
    settings.push((key.to_owned(), setting.into()));
}

fn owned(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn membership(settings: &mut Settings, accounts: &Accounts) -> Result<(), Failure> {
    let ways = [
        "those that enter an automation (the best: each entry is proved)",
        "those that have a tag",
        "those on a list",
        "all",
    ];
    loop {
        let way = ask::one("Which contacts become leads?", &owned(&ways), 0)?;
        let is_empty = match way {
            0 => accounts.automations.is_empty(),
            1 => accounts.tags.is_empty(),
            2 => accounts.lists.is_empty(),
            _ => false,
        };
        if is_empty {
            crate::cli::say("The account has none; make one there, or choose another way.");
            continue;
        }
        match way {
            0 => {
                let name = |it: &crate::activecampaign::Automation| {
                    let off = if it.active { "" } else { ", switched off" };
                    format!("{} (number {}{off})", it.name, it.id)
                };
                let names: Vec<String> = accounts.automations.iter().map(name).collect();
                let chosen = ask::one("The automation", &names, 0)?;
                add(settings, "automation", accounts.automations[chosen].id.0);
            }
            1 => {
                let names: Vec<String> = accounts.tags.iter().map(|it| it.name.clone()).collect();
                let chosen = ask::one("The tag", &names, 0)?;
                add(settings, "tag", names[chosen].as_str());
            }
            2 => {
                let names: Vec<String> = accounts.lists.iter().map(|it| it.name.clone()).collect();
                let chosen = ask::one("The list", &names, 0)?;
                add(settings, "list", accounts.lists[chosen].id);
            }
            _ => add(settings, "every_contact", true),
        }
        return Ok(());
    }
}

fn behaviour(settings: &mut Settings) -> Result<Behaviour, Failure> {
    let names = Behaviour::ALL.map(|(name, _)| name);
    let items = names.map(|name| name.replace('-', ", "));
    let (name, create) = Behaviour::ALL[ask::one("What is created?", &items, 0)?];
    add(settings, "create", name);
    Ok(create)
}

/// Pipeline and stage: by name, and by id where two have the same name.
fn place(settings: &mut Settings, catalog: &PloomesCatalog) -> Result<(), Failure> {
    let pipelines: Vec<_> = catalog
        .pipelines
        .iter()
        .filter(|it| !it.archived && it.stages.iter().any(|stage| !stage.archived))
        .collect();
    if pipelines.is_empty() {
        let words = "Ploomes has no pipeline with a stage; make one there first";
        return Err(anyhow::anyhow!(words).into());
    }
    let names: Vec<String> = pipelines.iter().map(|it| it.name.clone()).collect();
    let pipeline = pipelines[ask::one("The pipeline", &names, 0)?];
    let all: Vec<&str> = catalog.pipelines.iter().map(|it| it.name.as_str()).collect();
    settings.push(("pipeline".to_owned(), by_name(&pipeline.name, pipeline.id.0, &all)));
    let stages: Vec<_> = pipeline.stages.iter().filter(|it| !it.archived).collect();
    let names: Vec<String> = stages.iter().map(|it| it.name.clone()).collect();
    let stage = stages[ask::one("The stage", &names, 0)?];
    let all: Vec<&str> = pipeline.stages.iter().map(|it| it.name.as_str()).collect();
    settings.push(("stage".to_owned(), by_name(&stage.name, stage.id.0, &all)));
    Ok(())
}

/// A name, or the id where the name is not one thing's alone.
fn by_name(name: &str, id: i64, all: &[&str]) -> Setting {
    let alike = all.iter().filter(|it| rules::fold(it) == rules::fold(name)).count();
    if alike == 1 { name.into() } else { id.into() }
}

fn owners(settings: &mut Settings, catalog: &PloomesCatalog) -> Result<(), Failure> {
    let users: Vec<_> = catalog
        .users
        .iter()
        .filter(|it| !it.suspended && !it.integration && !it.email.trim().is_empty())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    let name = |it: &&crate::domain::catalog::User| (format!("{} <{}>", it.name, it.email), false);
    let items: Vec<_> = users.iter().map(name).collect();
    let chosen = ask::some("Owners of what is created, in turn; none: Ploomes decides", &items)?;
    let mut emails: Vec<Setting> =
        chosen.into_iter().map(|at| users[at].email.as_str().into()).collect();
    match emails.len() {
        0 => {}
        1 => settings.push(("owner".to_owned(), emails.remove(0))),
        _ => settings.push(("owner".to_owned(), Setting::List(emails))),
    }
    Ok(())
}

fn origin(settings: &mut Settings, origins: &[Named]) -> Result<(), Failure> {
    if origins.is_empty() {
        return Ok(());
    }
    let none = "none".to_owned();
    let names: Vec<String> =
        std::iter::once(none).chain(origins.iter().map(|it| it.name.clone())).collect();
    let chosen = ask::one("The origin of what is created", &names, 0)?;
    if chosen > 0 {
        add(settings, "origin", names[chosen].as_str());
    }
    Ok(())
}

/// Shows the proposed map, row by row; what every map needs is not asked for.
fn map(
    draft: &Draft,
    accounts: &Accounts,
    name: &str,
    settings: &Settings,
) -> Result<Map, Failure> {
    let mut probe = draft.clone();
    let usual = NewRoute { name: name.to_owned(), settings: settings.clone(), map: Map::Usual };
    probe.put_route(&usual, accounts)?;
    let spec = probe.spec(name)?;
    let proposal = rules::propose(&spec, &accounts.catalog, &accounts.fields);
    let rows: Vec<MapRow> = proposal.rows.iter().map(draft::configured).collect();
    let needed = ["person.Name", "company.Name", "deal.Title"];
    let (needed, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| needed.contains(&row.to.as_str()));
    let items: Vec<(String, bool)> =
        others.iter().map(|row| (draft::row_text(row), true)).collect();
    crate::cli::say(&format!("Always mapped:\n{}", draft::map_text(&needed)));
    for (field, why) in &proposal.left {
        crate::cli::say(&format!("  not mapped: {:?}: {why}", field.title));
    }
    let chosen = ask::some("And these?", &items)?;
    let mut others: Vec<Option<MapRow>> = others.into_iter().map(Some).collect();
    let chosen = chosen.into_iter().filter_map(|at| others.get_mut(at)?.take());
    Ok(Map::Rows(needed.into_iter().chain(chosen).collect()))
}
