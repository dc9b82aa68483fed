//! Conditions for Ploomes: no text from outside ever ends the literal it stands in.
//!
//! What was built is read back twice, by a reading of its own here, and by the simulated service,
//! which must take it and find the very record that has the text.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use ponte::{
    clock::Clock,
    ploomes::{Expand, Filter, Query},
    simulator::ploomes::{Ploomes, Switches},
    transport::Remote,
};
use serde_json::{Value, json};

use super::script;

/// Texts of one condition; the rest of the input is left.
const TEXTS_MAX: usize = 8;

/// Bytes of one text: what is longer than a URL is refused for its length.
const TEXT_BYTES_MAX: usize = 500;

/// A text that needs no quoting.
const PLAIN: &str = "x";

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let texts: Vec<&str> = text
        .split('\0')
        .take(TEXTS_MAX)
        .map(|it| &it[..it.floor_char_boundary(TEXT_BYTES_MAX)])
        .collect();
    let asked = condition(&texts);
    let (skeleton, literals) = taken_apart(&asked);
    let plain = condition(&vec![PLAIN; texts.len()]);
    assert_eq!(skeleton, taken_apart(&plain).0, "a text became syntax");
    assert_eq!(literals, expected(&texts), "a text came back as another");
    script::run(found_by_the_service(&asked, texts[0]));
}

/// The request that asks for all of these texts, in every place a text can stand in.
fn condition(texts: &[&str]) -> String {
    let names = Filter::one_of("Name", texts.iter().copied());
    let emails = Filter::or(texts.iter().map(|it| Filter::eq("Email", *it)));
    let phones = texts.iter().map(|it| Filter::any("Phones", "PhoneNumber", *it));
    let all = Filter::and(names.into_iter().chain(emails).chain(phones));
    let deals = Filter::eq("Title", texts[0]);
    let query = Query::of("/Contacts").filter(all.as_ref());
    query.expand(&[Expand::of("Deals").select(&["Id"]).filter(&deals)]).top(7).target()
}

/// The literals of [`condition`], in their order.
fn expected(texts: &[&str]) -> Vec<String> {
    let thrice = texts.iter().chain(texts).chain(texts).chain(&texts[..1]);
    thrice.map(|it| (*it).to_owned()).collect()
}

/// The request with a mark for each literal, and the literals.
fn taken_apart(target: &str) -> (String, Vec<String>) {
    let spaced = |it: u8| it.is_ascii_graphic() && !b"+#\"'<>\\^`{|}".contains(&it);
    assert!(target.bytes().all(spaced), "{target} is no URL");
    let (mut skeleton, mut literals) = (String::new(), Vec::new());
    for option in target.split_once('?').expect("a query").1.split('&') {
        let decoded = percent_decode_str(option).decode_utf8().expect("it is UTF-8");
        let mut inside: Option<String> = None;
        let mut rest = decoded.chars().peekable();
        while let Some(it) = rest.next() {
            match (&mut inside, it) {
                (None, '\'') => inside = Some(String::new()),
                (None, it) => skeleton.push(it),
                (Some(text), '\'') if rest.next_if_eq(&'\'').is_some() => text.push('\''),
                (Some(_), '\'') => {
                    literals.extend(inside.take());
                    skeleton.push('?');
                }
                (Some(text), it) => text.push(it),
            }
        }
        assert!(inside.is_none(), "a literal does not end");
        skeleton.push('&');
    }
    (skeleton, literals)
}

async fn found_by_the_service(asked: &str, name: &str) {
    let open = Switches { limit: None, ..Switches::default() };
    let clock = Clock::simulated("2026-01-15T12:00:00Z".parse().expect("a time"));
    let service = Arc::new(Ploomes::new(clock, 1, "key", open));
    let (status, answer) = call(&service, "GET", asked, Cow::Borrowed("")).await;
    assert_eq!(status, 200, "{asked}: {answer}");

    let body = json!({ "Name": name, "TypeId": 2 }).to_string();
    let (status, made) = call(&service, "POST", "/Contacts", body.into()).await;
    if status != 200 {
        // Empty, or longer than the field: no such record.
        return;
    }
    let query = Query::of("/Contacts").filter(Some(&Filter::eq("Name", name))).select(&["Id"]);
    let (status, found) = call(&service, "GET", &query.target(), Cow::Borrowed("")).await;
    assert_eq!(status, 200, "{found}");
    let id = &made["value"][0]["Id"];
    let rows = found["value"].as_array().expect("rows");
    assert!(rows.iter().any(|it| it["Id"] == *id), "the record is not found by its own name");
}

async fn call(
    service: &Arc<Ploomes>,
    method: &str,
    target: &str,
    body: Cow<'_, str>,
) -> (u16, Value) {
    let request = Request::builder().method(method).uri(target).header("User-Key", "key");
    let request = request.header("Content-Type", "application/json");
    let request = request.body(Bytes::from(body.into_owned())).expect("a request");
    let answer = service.call(request).await.expect("the service answers");
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
}
