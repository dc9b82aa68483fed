//! Editing a route: the form, the live lists, saving, and the TOML where the file is not ours.

use std::{
    collections::BTreeMap, future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Duration,
};

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::Instant};

use super::{
    Desk,
    frame::{self, Frame, Here, Refused, Shown, html},
    route_form::{Draft, DraftRow},
    visit::{Posted, Visit},
};
use crate::{
    config::{Edit, EditError, NotTaken, Problem, Severity},
    domain::{Behaviour, Existing},
    ledger::{
        audit::hex,
        job::{self, kind},
    },
    web::i18n::{
        Text,
        pages::{self, fill},
    },
};

/// How long the lists are offered again: fields change rarely, and each reading asks both accounts.
const LISTS_FOR: Duration = Duration::from_mins(30);

/// How long both accounts may take for their lists; the engine may be at work.
const LISTS_WITHIN: Duration = Duration::from_secs(30);

/// How often is looked whether they are there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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

/// What both accounts offer, as it was read last.
#[derive(Default)]
pub(super) struct Lists(Mutex<Option<(Instant, Arc<Offered>)>>);

/// What a map can name.
#[derive(Default)]
struct Offered {
    from: Vec<(String, String)>,
    to: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "admin/edit.html")]
struct Page {
    frame: Frame,
    w: &'static pages::RouteForm,
    routes: &'static pages::Routes,
    c: &'static pages::Common,
    name: String,
    seen: String,
    draft: Draft,
    rows: Vec<DraftRow>,
    creates: [(&'static str, &'static str); 3],
    existings: [(&'static str, &'static str); 3],
    offered: Arc<Offered>,
    has_lists: bool,
    template_note: String,
    problems: Vec<Wrong>,
    toml: String,
    read_only: String,
}

/// Something that has to be put right.
struct Wrong {
    key: String,
    what: String,
    to_do: String,
}

/// What is shown beside the form.
#[derive(Default)]
struct Beside {
    problems: Vec<Wrong>,
    toml: String,
    read_only: String,
    notice: &'static str,
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
    let opened = open(&desk, &visit, &name)?;
    let notices = &visit.words().notices;
    let notice = match asked.said.as_str() {
        "saved" => notices.saved,
        "written" => notices.written,
        _ => "",
    };
    let beside = Beside { notice, ..Beside::default() };
    page(&desk, &visit, &name, (opened.draft.clone(), opened.seen), beside).await
}

/// Reads the live lists of both accounts, as `ponte fields` does.
pub(super) async fn read_lists(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let from = fields(&desk, visit, "activecampaign").await?;
    let to = fields(&desk, visit, "ploomes").await?;
    let pairs = |value: &Value, key: &str| {
        let rows = value.as_array().into_iter().flatten();
        let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
        rows.map(|it| (text(it, key), text(it, "title"))).collect()
    };
    let offered = Offered { from: pairs(&from, "from"), to: pairs(&to, "to") };
    *desk.lists.0.lock().await = Some((Instant::now(), Arc::new(offered)));
    Ok(Redirect::to(&format!("/routes/{name}/edit")).into_response())
}

/// What a map can name on one side.
async fn fields(desk: &Desk, visit: &Visit, side: &str) -> Result<Value, Refused> {
    let job = (kind::FIELDS, json!({ "side": side }));
    let id = desk.ask(visit, job, "fields_asked", side.to_owned()).await?;
    let words = &visit.words().jobs;
    let status = StatusCode::BAD_GATEWAY;
    let end = Instant::now() + LISTS_WITHIN;
    while Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY).await;
        let answer = desk.look(visit, move |conn| job::look(conn, id)).await?;
        match answer.and_then(|it| it.answer) {
            Some((true, answer)) => return Ok(answer),
            Some((false, answer)) => {
                let why = answer["error"].as_str().unwrap_or_default();
                return Err(frame::refuse(visit, status, words.failed, why, words.failed_do));
            }
            None => {}
        }
    }
    Err(visit.refuse(status, words.failed, words.failed_do))
}

/// Saves the form, and takes it over.
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
        return page(&desk, visit, &name, (was, seen), beside).await;
    }
    let draft = Draft::read(&posted);
    let written = draft.write(&mut edit, &name, &was);
    let toml = edit.route_text(&name).unwrap_or_default();
    let (again, file) = ((draft, seen), file_of(&desk, visit)?);
    if posted.get("show") == "yes" {
        let problems = written.and_then(|()| edit.check(&file.environment).map(drop));
        let problems = problems.map_or_else(|error| wrong(visit.text(), error), |()| Vec::new());
        return page(&desk, visit, &name, again, Beside { problems, toml, ..Beside::default() })
            .await;
    }
    match written.and_then(|()| edit.save(&file.environment)) {
        Ok(_) => {}
        Err(EditError::Write { path, .. }) => {
            let read_only = fill(w.read_only, &[("file", &path.display().to_string())]);
            return page(
                &desk,
                visit,
                &name,
                again,
                Beside { toml, read_only, ..Beside::default() },
            )
            .await;
        }
        Err(error) => {
            let mut answer = page(
                &desk,
                visit,
                &name,
                again,
                Beside { problems: wrong(visit.text(), error), ..Beside::default() },
            )
            .await?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(answer);
        }
    }
    desk.act(visit, "configure", name.clone(), |_, _| Ok(())).await?;
    let said = take_over(visit, file).await?;
    Ok(Redirect::to(&format!("/routes/{name}/edit?said={said}")).into_response())
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
    let file = file_of(&desk, visit)?;
    let saved =
        draft.write(&mut edit, &name, &was).and_then(|()| edit.save(&file.environment).map(drop));
    if let Err(error) = saved {
        let beside = Beside { problems: wrong(visit.text(), error), ..Beside::default() };
        return page(&desk, visit, &name, (draft, seen), beside).await;
    }
    desk.act(visit, "configure", name.clone(), |_, _| Ok(())).await?;
    let said = take_over(visit, file).await?;
    Ok(Redirect::to(&format!("/routes/{name}/edit?said={said}")).into_response())
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

async fn page(
    desk: &Desk,
    visit: &Visit,
    name: &str,
    (draft, seen): (Draft, String),
    beside: Beside,
) -> Result<Response, Refused> {
    let words = visit.words();
    let (w, routes) = (&words.form, &words.routes);
    let offered = desk
        .lists
        .0
        .lock()
        .await
        .as_ref()
        .and_then(|(at, offered)| (at.elapsed() < LISTS_FOR).then(|| Arc::clone(offered)));
    let title = fill(w.title, &[("route", name)]);
    let mut frame = desk.frame(visit, Here::Routes, title).await;
    frame.to = format!("/routes/{name}/edit");
    beside.notice.clone_into(&mut frame.notice);
    let creates = Behaviour::ALL.map(|(word, _)| word);
    let existings = Existing::ALL.map(|(word, _)| word);
    Ok(html(&Page {
        frame,
        w,
        routes,
        c: &words.common,
        name: name.to_owned(),
        seen,
        rows: draft.with_spare_rows(),
        draft,
        creates: [
            (creates[0], routes.company_person_deal),
            (creates[1], routes.person_deal),
            (creates[2], routes.company_person),
        ],
        existings: [
            (existings[0], routes.fill),
            (existings[1], routes.overwrite),
            (existings[2], routes.leave),
        ],
        has_lists: offered.is_some(),
        offered: offered.unwrap_or_default(),
        template_note: fill(w.template_note, &[("example", "{{ company or full_name }} - site")]),
        problems: beside.problems,
        toml: beside.toml,
        read_only: beside.read_only,
    }))
}
