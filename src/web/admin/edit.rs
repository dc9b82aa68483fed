//! Editing a route: the form, the live lists, a dry run, saving, and the TOML where the file is not
//! ours.

pub(super) mod new;
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

use self::page::{Beside, Which, Wrong, page};
use super::{
    Desk,
    frame::{self, Refused, Shown},
    jobs,
    lists::answer,
    route_form::Draft,
    routes::{contact_of, route_path},
    visit::{Posted, Visit},
};
use crate::{
    config::{Config, Edit, EditError, MapRow, NotTaken, Problem, Severity},
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
    /// Its map, with what the form does not show.
    map: Vec<MapRow>,
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
    Ok(page(&desk, &visit, Which::Saved(&name), (draft, seen), beside).await)
}

/// Reads the live lists of both accounts.
pub(super) async fn read_lists(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    desk.lists.read(&desk, &posted.visit).await?;
    Ok(Redirect::to(&route_path(&name, "/edit")).into_response())
}

/// Saves the form and takes it over; or only shows what it comes to, as TOML or for a contact.
pub(super) async fn save(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let Opened { mut edit, draft: was, map, seen } = open(&desk, visit, &name)?;
    let w = &visit.words().form;
    if posted.get("seen") != seen {
        let beside = Beside { notice: w.changed, ..Beside::default() };
        return Ok(page(&desk, visit, Which::Saved(&name), (was, seen), beside).await);
    }
    let draft = Draft::read(&posted);
    let written = draft.write(&mut edit, &name, (&was, &map));
    let again = (draft, seen);
    let mut beside = Beside::default();
    if posted.get("show") == "yes" {
        beside.toml = edit.route_text(&name).unwrap_or_default();
        let file = file_of(&desk, visit)?;
        if let Err(error) = written.and_then(|()| edit.check(&file.environment).map(drop)) {
            beside.problems = wrong(visit.text(), error);
        }
        return Ok(page(&desk, visit, Which::Saved(&name), again, beside).await);
    }
    if posted.get("try") == "yes" {
        beside.contact = posted.get("contact").trim().to_owned();
        match written {
            Ok(()) => tried(&desk, visit, &name, &edit, &mut beside).await?,
            Err(error) => beside.problems = wrong(visit.text(), error),
        }
        return Ok(page(&desk, visit, Which::Saved(&name), again, beside).await);
    }
    let kept = match written {
        Ok(()) => keep(&desk, visit, &name, &mut edit).await?,
        Err(error) => Kept::Not(wrong(visit.text(), error)),
    };
    match kept {
        Kept::Whole(said) => {
            Ok(Redirect::to(&route_path(&name, &format!("/edit?said={said}"))).into_response())
        }
        Kept::Closed(path) => {
            beside.toml = edit.route_text(&name).unwrap_or_default();
            beside.read_only = fill(w.read_only, &[("file", &path.display().to_string())]);
            Ok(page(&desk, visit, Which::Saved(&name), again, beside).await)
        }
        Kept::Not(problems) => {
            beside.problems = problems;
            let mut answer = page(&desk, visit, Which::Saved(&name), again, beside).await;
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
    let Opened { mut edit, draft: was, map, seen } = open(&desk, visit, &name)?;
    let draft = Draft { enabled: posted.get("enabled") == "yes", ..was.clone() };
    let kept = match draft.write(&mut edit, &name, (&was, &map)) {
        Ok(()) => keep(&desk, visit, &name, &mut edit).await?,
        Err(error) => Kept::Not(wrong(visit.text(), error)),
    };
    let mut beside = Beside::default();
    match kept {
        Kept::Whole(said) => {
            return Ok(
                Redirect::to(&route_path(&name, &format!("/edit?said={said}"))).into_response()
            );
        }
        Kept::Closed(path) => {
            let w = &visit.words().form;
            beside.toml = edit.route_text(&name).unwrap_or_default();
            beside.read_only = fill(w.read_only, &[("file", &path.display().to_string())]);
        }
        Kept::Not(problems) => beside.problems = problems,
    }
    Ok(page(&desk, visit, Which::Saved(&name), (draft, seen), beside).await)
}

/// What came of a change.
enum Kept {
    /// It is in the file, and in use or not yet: the words that tell so.
    Whole(&'static str),
    /// The file cannot be written.
    Closed(PathBuf),
    /// It cannot be used; the file is as it was.
    Not(Vec<Wrong>),
}

/// Writes the file and has it taken over. What the service cannot go on with is taken out again: at
/// its next start it could not begin with it either.
async fn keep(desk: &Desk, visit: &Visit, name: &str, edit: &mut Edit) -> Result<Kept, Refused> {
    let (file, text) = (file_of(desk, visit)?, visit.text());
    let was = Edit::open(&file.path);
    match edit.save(&file.environment) {
        Ok(_) => {}
        Err(EditError::Write { path, .. }) => return Ok(Kept::Closed(path)),
        Err(error) => return Ok(Kept::Not(wrong(text, error))),
    }
    let Some(reload) = &file.reload else {
        desk.act(visit, "configure", name.to_owned(), |_, _| Ok(())).await?;
        return Ok(Kept::Whole("written"));
    };
    let why = match reload().await {
        Ok(()) => {
            desk.act(visit, "configure", name.to_owned(), |_, _| Ok(())).await?;
            return Ok(Kept::Whole("saved"));
        }
        Err(NotTaken::Nobody) => return Ok(Kept::Whole("written")),
        Err(why) => why,
    };
    if was.is_ok_and(|was| edit.put_back(&was).is_ok()) {
        return Ok(Kept::Not(match why {
            NotTaken::Refused(problems) => wrong(text, EditError::Refused(problems)),
            other => vec![Wrong::of(&text.told(&other.to_string()), "")],
        }));
    }
    let w = &visit.words().form;
    let why = why_not(why);
    Err(frame::refuse(visit, StatusCode::CONFLICT, w.not_taken, &why, w.not_taken_do))
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
    let trouble = |what: &str, to_do: &str| vec![Wrong::of(what, to_do)];
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

/// The same in a line, as it is told.
fn why_not(why: NotTaken) -> String {
    match why {
        NotTaken::Refused(problems) => in_a_line(&problems.0),
        other => other.to_string(),
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
    let (edit, config) = opened(desk, visit)?;
    let seen = hex(&Sha256::digest(edit.text()));
    let Some(route) = config.routes.iter().find(|it| it.name == name) else {
        let words = &visit.words().refusals;
        let what = fill(words.no_route, &[("route", name)]);
        return Err(visit.refuse(StatusCode::NOT_FOUND, &what, words.no_route_do));
    };
    Ok(Opened { draft: Draft::of(route), map: route.map.clone(), edit, seen })
}

/// The file as it is now, which must be good: what is wrong with it is not this form's.
fn opened(desk: &Desk, visit: &Visit) -> Result<(Edit, Config), Refused> {
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
    Ok((edit, config))
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
        other => vec![Wrong::of(&text.told(&other.to_string()), "")],
    }
}
