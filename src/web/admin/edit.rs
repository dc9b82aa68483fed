//! Editing a route: the form, the live lists, a dry run, saving, and the TOML where the file is not
//! ours.

mod page;
mod plain;

use std::{collections::BTreeMap, future::Future, path::PathBuf, pin::Pin, sync::Arc};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::page::{Beside, Wrong, page};
use super::{
    Desk,
    frame::{self, Refused, Shown},
    jobs,
    lists::answer,
    route_form::Draft,
    routes::contact_of,
    visit::{Posted, Visit},
};
use crate::{
    config::{Edit, EditError, NotTaken, Problem, Severity},
    ledger::{audit::hex, job::kind},
    web::i18n::{Text, pages::fill},
};

/// Takes over a configuration that was saved; says why where it cannot.
pub type Reload =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), NotTaken>> + Send>> + Send + Sync>;

/// The configuration file, for who may change it here.
#[derive(Clone)]
pub struct File {
    /// The file.
    pub path: PathBuf,
    /// What wins over it.
    pub environment: BTreeMap<String, String>,
    /// Takes over what was saved; without it, it is in use from the next start on.
    pub reload: Option<Reload>,
}

/// A route in the file as it is now.
struct Opened {
    edit: Edit,
    draft: Draft,
    /// What the file is recognised by.
    seen: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    said: String,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Shown {
    let Opened { draft, seen, .. } = open(&desk, &visit, &name)?;
    let notices = &visit.words().notices;
    let notice = match asked.said.as_str() {
        "saved" => notices.saved,
        "written" => notices.written,
        _ => "",
    };
    let beside = Beside { notice, ..Beside::default() };
    Ok(page(&desk, &visit, &name, (draft, seen), beside).await)
}

/// Reads the live lists of both accounts.
pub(super) async fn read_lists(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    desk.lists.read(&desk, &posted.visit).await?;
    Ok(Redirect::to(&format!("/routes/{name}/edit")).into_response())
}

/// Saves the form and takes it over; or only shows what it comes to, as TOML or for a contact.
pub(super) async fn save(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let Opened { mut edit, draft: was, seen } = open(&desk, visit, &name)?;
    let w = &visit.words().form;
    if posted.get("seen") != seen {
        let beside = Beside { notice: w.changed, ..Beside::default() };
        return Ok(page(&desk, visit, &name, (was, seen), beside).await);
    }
    let draft = Draft::read(&posted);
    let written = draft.write(&mut edit, &name, &was);
    let again = (draft, seen);
    let mut beside = Beside::default();
    if posted.get("show") == "yes" {
        beside.toml = edit.route_text(&name).unwrap_or_default();
        let file = file_of(&desk, visit)?;
        if let Err(error) = written.and_then(|()| edit.check(&file.environment).map(drop)) {
            beside.problems = wrong(visit.text(), error);
        }
        return Ok(page(&desk, visit, &name, again, beside).await);
    }
    if posted.get("try") == "yes" {
        beside.contact = posted.get("contact").trim().to_owned();
        match written {
            Ok(()) => tried(&desk, visit, &name, &edit, &mut beside).await?,
            Err(error) => beside.problems = wrong(visit.text(), error),
        }
        return Ok(page(&desk, visit, &name, again, beside).await);
    }
    let saved = match written {
        Ok(()) => keep(&desk, visit, &name, &mut edit).await?,
        Err(error) => Err(error),
    };
    match saved {
        Ok(said) => Ok(Redirect::to(&format!("/routes/{name}/edit?said={said}")).into_response()),
        Err(EditError::Write { path, .. }) => {
            beside.toml = edit.route_text(&name).unwrap_or_default();
            beside.read_only = fill(w.read_only, &[("file", &path.display().to_string())]);
            Ok(page(&desk, visit, &name, again, beside).await)
        }
        Err(error) => {
            beside.problems = wrong(visit.text(), error);
            let mut answer = page(&desk, visit, &name, again, beside).await;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
    }
}

/// Switches a route on or off.
pub(super) async fn switch(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let Opened { mut edit, draft: was, seen } = open(&desk, visit, &name)?;
    let draft = Draft { enabled: posted.get("enabled") == "yes", ..was.clone() };
    let saved = match draft.write(&mut edit, &name, &was) {
        Ok(()) => keep(&desk, visit, &name, &mut edit).await?,
        Err(error) => Err(error),
    };
    match saved {
        Ok(said) => Ok(Redirect::to(&format!("/routes/{name}/edit?said={said}")).into_response()),
        Err(error) => {
            let problems = wrong(visit.text(), error);
            let beside = Beside { problems, ..Beside::default() };
            Ok(page(&desk, visit, &name, (draft, seen), beside).await)
        }
    }
}

/// Writes the file and has it taken over; says which words tell so. An outer error is a page.
async fn keep(
    desk: &Desk,
    visit: &Visit,
    name: &str,
    edit: &mut Edit,
) -> Result<Result<&'static str, EditError>, Refused> {
    let file = file_of(desk, visit)?;
    if let Err(error) = edit.save(&file.environment) {
        return Ok(Err(error));
    }
    desk.act(visit, "configure", name.to_owned(), |_, _| Ok(())).await?;
    take_over(visit, file).await.map(Ok)
}

/// What would be done for a contact, were the route as the form says.
async fn tried(
    desk: &Desk,
    visit: &Visit,
    name: &str,
    edit: &Edit,
    beside: &mut Beside,
) -> Result<(), Refused> {
    let (text, words) = (visit.text(), visit.words());
    let file = file_of(desk, visit)?;
    let config = match edit.check(&file.environment) {
        Ok(loaded) => loaded.config,
        Err(error) => {
            beside.problems = wrong(text, error);
            return Ok(());
        }
    };
    let trouble = |what: &str, to_do: &str| {
        let (what, to_do) = (what.to_owned(), to_do.to_owned());
        vec![Wrong { key: String::new(), what, to_do }]
    };
    let Some(mut arguments) = contact_of(&beside.contact) else {
        beside.problems = trouble(words.dry.not_understood, "");
        return Ok(());
    };
    arguments["route"] = json!(name);
    let route = config.routes.iter().find(|it| it.name == name);
    arguments["draft"] = route.map_or_else(|| json!(null), plain::route);
    let id = desk.ask(visit, (kind::PLAN, arguments), "plan_asked", name.to_owned()).await?;
    match answer(desk, visit, id).await? {
        Some((true, answer)) => beside.plans = jobs::plans(text, &answer),
        Some((false, answer)) => {
            let why = text.told(answer["error"].as_str().unwrap_or_default());
            beside.problems = trouble(&why, "");
        }
        None => beside.problems = trouble(words.jobs.failed, words.jobs.failed_do),
    }
    Ok(())
}

/// Takes over what was saved; says which words tell so.
async fn take_over(visit: &Visit, file: &File) -> Result<&'static str, Refused> {
    let Some(reload) = &file.reload else { return Ok("written") };
    match reload().await {
        Ok(()) => Ok("saved"),
        Err(why) => {
            let w = &visit.words().form;
            let status = StatusCode::CONFLICT;
            let why = match why {
                NotTaken::Refused(problems) => in_a_line(&problems.0),
                other => other.to_string(),
            };
            Err(frame::refuse(visit, status, w.not_taken, &why, w.not_taken_do))
        }
    }
}

fn file_of<'a>(desk: &'a Desk, visit: &Visit) -> Result<&'a File, Refused> {
    desk.file.as_ref().ok_or_else(|| {
        let words = &visit.words().refusals;
        visit.refuse(StatusCode::NOT_FOUND, words.missing, words.missing_do)
    })
}

/// The route as the file has it now.
fn open(desk: &Desk, visit: &Visit, name: &str) -> Result<Opened, Refused> {
    let file = file_of(desk, visit)?;
    let w = &visit.words().form;
    let refused = |error: EditError| {
        let status = StatusCode::CONFLICT;
        let why = match error {
            EditError::Refused(problems) => in_a_line(&problems.0),
            other => other.to_string(),
        };
        frame::refuse(visit, status, w.unreadable, &why, w.unreadable_do)
    };
    let edit = Edit::open(&file.path).map_err(refused)?;
    let config = edit.check(&file.environment).map_err(refused)?.config;
    let seen = hex(&Sha256::digest(edit.text()));
    let Some(route) = config.routes.iter().find(|it| it.name == name) else {
        let words = &visit.words().refusals;
        let what = fill(words.no_route, &[("route", name)]);
        return Err(visit.refuse(StatusCode::NOT_FOUND, &what, words.no_route_do));
    };
    Ok(Opened { draft: Draft::of(route), edit, seen })
}

/// Problems of a file, one after the other, as they are told.
fn in_a_line(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|it| it.severity == Severity::Error);
    let words = errors.map(|it| {
        let line = it.line.map(|line| format!(":{line}")).unwrap_or_default();
        let hint = it.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{line}: {}: {}{hint}", it.place, it.key, it.message)
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What has to be put right, a line each.
fn wrong(text: &Text, error: EditError) -> Vec<Wrong> {
    match error {
        EditError::Refused(problems) => problems
            .0
            .into_iter()
            .filter(|it| it.severity == Severity::Error)
            .map(|it| Wrong {
                key: it.key,
                what: text.told(&it.message),
                to_do: text.told(&it.hint.unwrap_or_default()),
            })
            .collect(),
        other => {
            let what = text.told(&other.to_string());
            vec![Wrong { key: String::new(), what, to_do: String::new() }]
        }
    }
}
