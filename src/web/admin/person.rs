//! A person's data: how much is held, handing it out, removing it, and letting the person in again.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header};
use serde::Deserialize;

use super::{
    Desk,
    frame::{Frame, Here, Refused, Shown, html},
    visit::{Posted, Visit},
};
use crate::{
    domain::ContactId,
    ledger::{
        contact, explain,
        person::{self, Who},
        tombstone,
    },
    report,
    web::i18n::pages::{self, fill},
};

#[derive(Template)]
#[template(path = "admin/person.html")]
struct Page {
    frame: Frame,
    w: &'static pages::Person,
    trouble: String,
    /// The contact that is looked at; 0 where none is.
    contact: i64,
    heading: String,
    held: String,
    is_erased: bool,
    confirm: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    said: String,
}

/// The page before somebody is looked for.
pub(super) async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Shown {
    Ok(html(&page(&desk, &visit, 0).await))
}

/// Looks for a contact; addresses come in a form and never stand in a URL.
pub(super) async fn search(State(desk): State<Arc<Desk>>, posted: Posted) -> Shown {
    let visit = &posted.visit;
    let who = posted.get("who").trim();
    let found = if let Ok(id) = who.parse::<i64>() {
        Some(id)
    } else {
        let key = desk.ledger.keyed(&contact::email_key(who));
        let contacts = desk.look(visit, move |conn| contact::by_email(conn, &key)).await?;
        contacts.last().map(|it| it.0)
    };
    if let Some(id) = found {
        return Ok(Redirect::to(&format!("/person/{id}")).into_response());
    }
    let mut page = page(&desk, visit, 0).await;
    page.w.nothing.clone_into(&mut page.trouble);
    Ok(with_status(&page, StatusCode::NOT_FOUND))
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(contact): Path<String>,
    Query(asked): Query<Asked>,
) -> Shown {
    let id = known(&visit, &contact)?;
    let notices = &visit.words().notices;
    let notice = match asked.said.as_str() {
        "erased" => notices.erased,
        "lifted" => notices.lifted,
        _ => "",
    };
    let mut page = of_contact(&desk, &visit, id).await?;
    notice.clone_into(&mut page.frame.notice);
    Ok(html(&page))
}

/// Everything that is held, as one JSON document, as the command line gives it.
pub(super) async fn export(
    State(desk): State<Arc<Desk>>,
    Path(contact): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let (keys, who) = (desk.ledger.clone(), Who::Contact(known(visit, &contact)?));
    let held = desk
        .look(visit, move |conn| person::export::read(conn, |text| keys.keyed(text), &who))
        .await?;
    let held = held.ok_or_else(|| unknown(visit))?;
    desk.act(visit, "export", contact.clone(), |_, _| Ok(())).await?;
    let document = format!("{:#}\n", report::export(held, &desk.config()));
    let file = format!("attachment; filename=\"ponte-contact-{contact}.json\"");
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, document).into_response())
}

/// Removes what is held; the contact's number must be written once more.
pub(super) async fn erase(
    State(desk): State<Arc<Desk>>,
    Path(contact): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let id = known(visit, &contact)?;
    if posted.get("confirm").trim() != contact {
        let mut page = of_contact(&desk, visit, id).await?;
        page.trouble = fill(page.w.not_confirmed, &[("contact", &contact)]);
        return Ok(with_status(&page, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let erased = person::erase(&desk.ledger, &Who::Contact(id), desk.clock.now()).await;
    let erased = erased.map_err(|error| visit.failed(&error))?;
    desk.act(visit, "erase", contact.clone(), |_, _| Ok(())).await?;
    let w = &visit.words().person;
    let mut left = Vec::new();
    if erased.in_doubt > 0 {
        left.push(w.in_doubt);
    }
    if !erased.log_emptied {
        left.push(w.log_left);
    }
    if left.is_empty() {
        return Ok(Redirect::to(&format!("/person/{contact}?said=erased")).into_response());
    }
    let mut page = of_contact(&desk, visit, id).await?;
    visit.words().notices.erased.clone_into(&mut page.frame.notice);
    page.trouble = left.join(" ");
    Ok(html(&page))
}

/// Lets a person who was erased in again.
pub(super) async fn lift(
    State(desk): State<Arc<Desk>>,
    Path(contact): Path<String>,
    posted: Posted,
) -> Shown {
    let visit = &posted.visit;
    let id = known(visit, &contact)?;
    let lifted = person::lift(&desk.ledger, &Who::Contact(id), desk.clock.now()).await;
    lifted.map_err(|error| visit.failed(&error))?;
    desk.act(visit, "lift", contact.clone(), |_, _| Ok(())).await?;
    desk.wake(visit).await?;
    Ok(Redirect::to(&format!("/person/{contact}?said=lifted")).into_response())
}

fn known(visit: &Visit, contact: &str) -> Result<ContactId, Refused> {
    let id = contact.parse().ok().filter(|it| *it > 0).map(ContactId);
    id.ok_or_else(|| unknown(visit))
}

fn unknown(visit: &Visit) -> Refused {
    let words = &visit.words().refusals;
    visit.refuse(StatusCode::NOT_FOUND, words.no_contact, words.no_contact_do)
}

async fn of_contact(desk: &Desk, visit: &Visit, contact: ContactId) -> Result<Page, Refused> {
    let story = desk.look(visit, move |conn| explain::read(conn, contact)).await?;
    let erased = desk.ledger.write(move |tx| tombstone::of_id(tx, contact)).await;
    let erased = erased.map_err(|error| visit.failed(&error))?;
    let mut page = page(desk, visit, contact.0).await;
    let text = visit.text();
    let count = |of: usize| text.number(i64::try_from(of).unwrap_or(i64::MAX));
    page.held = match story {
        Some(story) => fill(
            page.w.held,
            &[
                ("deliveries", &count(story.deliveries.len())),
                ("leads", &count(story.leads.len())),
                ("observations", &text.number(story.observations)),
            ],
        ),
        None => page.w.nothing.to_owned(),
    };
    page.is_erased = erased.is_some();
    Ok(page)
}

async fn page(desk: &Desk, visit: &Visit, contact: i64) -> Page {
    let w = &visit.words().person;
    let mut frame = desk.frame(visit, Here::Person, w.title).await;
    frame.to = if contact > 0 { format!("/person/{contact}") } else { "/person".to_owned() };
    Page {
        frame,
        w,
        trouble: String::new(),
        contact,
        heading: fill(visit.words().story.title, &[("contact", &contact.to_string())]),
        held: String::new(),
        is_erased: false,
        confirm: fill(w.confirm, &[("contact", &contact.to_string())]),
    }
}

fn with_status(page: &Page, status: StatusCode) -> Response {
    let mut response = html(page);
    *response.status_mut() = status;
    response
}
