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

/// The body without what a 400 or 422 blames, or may blame: `OriginId` or `Tags`.
pub(super) fn without_rejected(
    body: &Map<String, Value>,
    error: &CallError,
) -> Option<(Map<String, Value>, String)> {
    let CallError::Status { status: 400 | 422, message, .. } = error else { return None };
    let message = message.as_deref().unwrap_or_default().to_lowercase();
    // Whole words: a stage is no tag.
    let blamed = |words: &[&str], property: &str| {
        let mut said = message.split(|it: char| !it.is_alphanumeric());
        body.contains_key(property) && said.any(|it| words.contains(&it))
    };
    let origin = blamed(&["origin", "originid", "origem"], "OriginId");
    let tags = blamed(&["tag", "tags", "tagid", "tagids"], "Tags");
    let drop: Vec<&str> = match (origin, tags) {
        (false, false) if !message.is_empty() => return None,
        (false, false) => {
            ["OriginId", "Tags"].into_iter().filter(|it| body.contains_key(*it)).collect()
        }
        (origin, tags) => [("OriginId", origin), ("Tags", tags)]
            .into_iter()
            .filter_map(|(property, blamed)| blamed.then_some(property))
            .collect(),
    };
    if drop.is_empty() {
        return None;
    }
    let mut without = body.clone();
    without.retain(|property, _| !drop.contains(&property.as_str()));
    Some((without, format!("Ploomes rejected {}: written without", drop.join(" and "))))
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
