//! The live lists of both accounts, for a route's form: fields, pipelines with their stages, owners,
//! origins, tags, automations.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use super::{Desk, frame::Refused, visit::Visit};
use crate::ledger::job::{self, JobId, kind};

/// How long the lists are offered again: fields change rarely, and each reading asks both accounts.
const LISTS_FOR: Duration = Duration::from_mins(30);

/// How long both accounts may take for an answer; the engine may be at work.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How often is looked whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What stands in a list for nothing.
const NONE: &str = "–";

/// What both accounts offer, as it was read last.
#[derive(Default)]
pub(super) struct Lists(Mutex<Option<(Instant, Arc<Offered>)>>);

/// What the form can name, each with its title.
#[derive(Default)]
pub(super) struct Offered {
    /// Values of a contact.
    pub(super) from: Vec<Named>,
    /// Fields of Ploomes.
    pub(super) to: Vec<Named>,
    /// Pipelines, each with its stages.
    pub(super) pipelines: Vec<(Named, Vec<Named>)>,
    /// Users who can own something, by e-mail.
    pub(super) owners: Vec<Named>,
    pub(super) origins: Vec<Named>,
    pub(super) tags: Vec<Named>,
    /// What a contact can be in.
    pub(super) automations: Vec<Named>,
    pub(super) lists: Vec<Named>,
    pub(super) contact_tags: Vec<Named>,
    /// Why an account could not be asked, in English.
    pub(super) troubles: Vec<String>,
}

/// An entry of a list to choose from.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// What is written, its id where that can be written too, and what people call it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) value: String,
    pub(super) id: String,
    pub(super) title: String,
}

impl Named {
    /// Whether a text of the configuration means it.
    pub(super) fn is(&self, text: &str) -> bool {
        self.value == text || (!self.id.is_empty() && self.id == text)
    }

    /// What to write for it: its name, or its id where another has the same name.
    fn unique(&self, all: &[Self]) -> &str {
        match all.iter().filter(|it| it.value == self.value).count() {
            0 | 1 => &self.value,
            _ => &self.id,
        }
    }
}

/// A list of which `chosen` is one; where it is none of them, it is there all the same.
pub(super) fn choices(all: &[Named], chosen: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = all
        .iter()
        .map(|it| Choice {
            value: if it.is(chosen) { chosen } else { it.unique(all) }.to_owned(),
            name: it.title.clone(),
            is_chosen: it.is(chosen),
        })
        .collect();
    if choices.iter().all(|it| !it.is_chosen) {
        let name = if chosen.is_empty() { NONE } else { chosen }.to_owned();
        let value = chosen.to_owned();
        choices.insert(0, Choice { value, name, is_chosen: true });
    }
    choices
}

impl Lists {
    /// What was read lately.
    pub(super) async fn last(&self) -> Option<Arc<Offered>> {
        let kept = self.0.lock().await;
        let (at, offered) = kept.as_ref()?;
        (at.elapsed() < LISTS_FOR).then(|| Arc::clone(offered))
    }

    /// Asks both accounts; one that does not answer leaves its lists empty and says why.
    pub(super) async fn read(&self, desk: &Desk, visit: &Visit) -> Result<(), Refused> {
        let job = (kind::FIELDS, json!({ "side": "both" }));
        let id = desk.ask(visit, job, "fields_asked", String::new()).await?;
        let offered = match answer(desk, visit, id).await? {
            Some((true, answer)) => Offered::of(&answer),
            Some((false, answer)) => Offered::failed(answer["error"].as_str().unwrap_or_default()),
            None => Offered::failed("the accounts did not answer in time; try again in a minute"),
        };
        *self.0.lock().await = Some((Instant::now(), Arc::new(offered)));
        Ok(())
    }
}

/// What came of a job, where it came soon.
pub(super) async fn answer(
    desk: &Desk,
    visit: &Visit,
    id: JobId,
) -> Result<Option<(bool, Value)>, Refused> {
    let end = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY).await;
        let seen = desk.look(visit, move |conn| job::look(conn, id)).await?;
        if let Some(answer) = seen.and_then(|it| it.answer) {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

impl Offered {
    /// Pipelines to choose from.
    pub(super) fn pipelines(&self, chosen: &str) -> Vec<Choice> {
        let all: Vec<Named> = self.pipelines.iter().map(|it| it.0.clone()).collect();
        choices(&all, chosen)
    }

    /// Stages to choose from, under the name of each pipeline; that of the chosen pipeline is chosen.
    pub(super) fn stages(&self, pipeline: &str, chosen: &str) -> Vec<(String, Vec<Choice>)> {
        let (mut groups, mut is_there) = (Vec::new(), false);
        for (its, stages) in &self.pipelines {
            let mut choices = choices(stages, if its.is(pipeline) { chosen } else { "" });
            if !its.is(pipeline) {
                choices.retain(|it| !it.value.is_empty());
                for it in &mut choices {
                    it.is_chosen = false;
                }
            }
            is_there |= its.is(pipeline);
            groups.push((its.title.clone(), choices));
        }
        if !is_there {
            let name = if pipeline.is_empty() { NONE } else { pipeline };
            groups.insert(0, (name.to_owned(), choices(&[], chosen)));
        }
        groups
    }

    fn failed(why: &str) -> Self {
        Self { troubles: vec![why.to_owned()], ..Self::default() }
    }

    /// The answer of the engine; see `engine::inquiry`.
    fn of(answer: &Value) -> Self {
        let all = |key: &str| answer[key].as_array().into_iter().flatten();
        let named = |key: &str, value: &str, title: &str| {
            all(key).map(|it| Named::of(it, value, title)).collect()
        };
        let pipeline = |it: &Value| {
            let stages = it["stages"].as_array().into_iter().flatten();
            let stages = stages.map(|it| Named::of(it, "name", "name"));
            (Named::of(it, "name", "name"), stages.collect())
        };
        Self {
            from: named("from", "from", "title"),
            to: named("to", "to", "title"),
            pipelines: all("pipelines").map(pipeline).collect(),
            owners: named("owners", "email", "name"),
            origins: by_name(named("origins", "name", "name")),
            tags: named("tags", "name", "name"),
            automations: named("automations", "name", "name"),
            lists: named("lists", "name", "name"),
            contact_tags: named("contact_tags", "name", "name"),
            troubles: all("troubles").filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

/// Entries that go by their name alone, each once.
fn by_name(mut all: Vec<Named>) -> Vec<Named> {
    for it in &mut all {
        it.id.clear();
    }
    all.sort_by(|one, other| one.value.cmp(&other.value));
    all.dedup();
    all
}

impl Named {
    fn of(row: &Value, value: &str, title: &str) -> Self {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let id = row["id"].as_i64().map(|it| it.to_string()).unwrap_or_default();
        Self { value: text(value), id, title: text(title) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Offered {
        Offered::of(&json!({
            "troubles": [],
            "pipelines": [
                { "id": 1, "name": "Vendas", "stages": [{ "id": 7, "name": "Novo" }, { "id": 8, "name": "Ganho" },
                    { "id": 10, "name": "Ganho" }] },
                { "id": 2, "name": "Pós-venda", "stages": [{ "id": 9, "name": "Novo" }] },
            ],
            "origins": [{ "id": 3, "name": "Site" }, { "id": 4, "name": "Site" }],
        }))
    }

    fn shown(choices: &[Choice]) -> Vec<String> {
        let mark = |it: &Choice| if it.is_chosen { "*" } else { "" };
        choices.iter().map(|it| format!("{}{}", it.value, mark(it))).collect()
    }

    #[test]
    fn what_is_configured_is_chosen_and_stays_as_it_is_written() {
        let offered = offered();
        assert_eq!(shown(&offered.pipelines("Vendas")), ["Vendas*", "Pós-venda"]);
        assert_eq!(shown(&offered.pipelines("2")), ["Vendas", "2*"]);
        assert_eq!(shown(&offered.pipelines("")), ["*", "Vendas", "Pós-venda"]);
        assert_eq!(shown(&offered.pipelines("Old")), ["Old*", "Vendas", "Pós-venda"]);
        assert_eq!(shown(&choices(&offered.origins, "")), ["*", "Site"], "origins go by name");
        let twice = &offered.pipelines[0].1;
        assert_eq!(shown(&choices(twice, "8")), ["Novo", "8*", "10"], "names that are twice");
    }

    #[test]
    fn a_stage_is_chosen_in_its_own_pipeline_only() {
        let groups = offered().stages("Pós-venda", "Novo");
        let shown: Vec<_> = groups.iter().map(|(name, it)| (name.as_str(), shown(it))).collect();
        assert_eq!(
            shown,
            [
                ("Vendas", vec!["Novo".to_owned(), "8".to_owned(), "10".to_owned()]),
                ("Pós-venda", vec!["Novo*".to_owned()]),
            ]
        );
        let gone = offered().stages("Old", "Novo");
        assert_eq!((gone.len(), gone[0].0.as_str(), gone[0].1[0].is_chosen), (3, "Old", true));
    }
}
