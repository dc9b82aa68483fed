//! A route more: the same form, empty, with a name.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use http::StatusCode;
use sha2::{Digest as _, Sha256};

use super::{
    Kept, file_of, keep, opened,
    page::{Beside, Which, page},
    wrong,
};
use crate::{
    config::Setting,
    ledger::audit::hex,
    web::{
        admin::{
            Desk,
            frame::Shown,
            route_form::Draft,
            routes::route_path,
            session,
            visit::{Posted, Visit},
        },
        i18n::pages::fill,
    },
};

/// Letters and digits of a webhook token: nobody guesses 128 bits.
const TOKEN_CHARS: usize = 32;

pub(in crate::web::admin) async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Shown {
    let (edit, _) = opened(&desk, &visit)?;
    let seen = hex(&Sha256::digest(edit.text()));
    let form = (Draft::blank(), seen);
    Ok(page(&desk, &visit, Which::New(""), form, Beside::default()).await)
}

pub(in crate::web::admin) async fn read_lists(
    State(desk): State<Arc<Desk>>,
    posted: Posted,
) -> Shown {
    desk.lists.read(&desk, &posted.visit).await?;
    Ok(Redirect::to("/new-route").into_response())
}

/// Adds the route with a token of its own, and takes it over.
pub(in crate::web::admin) async fn add(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let (mut edit, _) = opened(&desk, visit)?;
    let seen = hex(&Sha256::digest(edit.text()));
    let name = posted.get("name").trim().to_owned();
    let draft = Draft::read(&posted);
    let mut beside = Beside::default();
    if posted.get("seen") != seen {
        beside.notice = visit.words().form.changed;
        return Ok(page(&desk, visit, Which::New(&name), (draft, seen), beside).await);
    }
    let token = session::secret().unwrap_or_default();
    let token = token.chars().take(TOKEN_CHARS).collect();
    let mut settings = vec![("webhook_token", Setting::Text(token))];
    settings.extend(draft.settings());
    let kept = match edit.add_route(&name, &settings, &draft.map()) {
        Ok(()) if posted.get("show") == "yes" => {
            let checked = edit.check(&file_of(&desk, visit)?.environment);
            let problems = checked.err().map(|error| wrong(visit.text(), error));
            beside.toml = edit.route_text(&name).unwrap_or_default();
            Kept::Not(problems.unwrap_or_default())
        }
        Ok(()) => keep(&desk, visit, &name, &mut edit).await?,
        Err(error) => Kept::Not(wrong(visit.text(), error)),
    };
    let mut status = StatusCode::OK;
    match kept {
        Kept::Whole("saved") => {
            return Ok(Redirect::to(&route_path(&name, "?said=saved")).into_response());
        }
        Kept::Whole(said) => {
            let to = route_path(&name, &format!("/edit?said={said}"));
            return Ok(Redirect::to(&to).into_response());
        }
        Kept::Closed(path) => {
            let w = &visit.words().form;
            beside.toml = edit.route_text(&name).unwrap_or_default();
            beside.read_only = fill(w.read_only, &[("file", &path.display().to_string())]);
        }
        Kept::Not(problems) => {
            if !problems.is_empty() {
                status = StatusCode::UNPROCESSABLE_ENTITY;
            }
            beside.problems = problems;
        }
    }
    let mut answer = page(&desk, visit, Which::New(&name), (draft, seen), beside).await;
    *answer.status_mut() = status;
    Ok(answer)
}
