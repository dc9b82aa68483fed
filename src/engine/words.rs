//! What Ploomes says, for people, without what it says of people.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::transport::CallError;

/// The server's own words, else what happened.
pub(super) fn words(error: &CallError) -> String {
    match error {
        CallError::Status { message: Some(message), .. } => message.clone(),
        other => other.to_string(),
    }
}

/// The server's words without what could be somebody's name, address, phone or document: long
/// numbers, addresses, and every word that stands in what was sent.
///
/// They stand whole in the journal's answer, where `erase` reaches them.
pub(super) fn masked(words: &str, sent: Option<&Map<String, Value>>) -> String {
    let plain = |word: &str| -> String {
        word.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut said = BTreeSet::new();
    for value in sent.into_iter().flat_map(Map::values) {
        collect(value, &mut |text| {
            said.extend(text.split_whitespace().map(plain).filter(|it| !it.is_empty()));
        });
    }
    let is_personal = |word: &str| {
        word.contains('@')
            || word.chars().filter(char::is_ascii_digit).count() >= 4
            || said.contains(&plain(word))
    };
    let words = words.split_whitespace().take(60);
    let masked: Vec<&str> = words.map(|it| if is_personal(it) { "…" } else { it }).collect();
    masked.join(" ")
}

/// Hands every text in a value to `each`.
fn collect(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|it| collect(it, each)),
        Value::Object(map) => map.values().for_each(|it| collect(it, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
