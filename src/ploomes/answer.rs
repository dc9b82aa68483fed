//! What an answer's body says: rows, or the server's words about a refusal.
//!
//! A success is `{"value":[…]}`; a bare row is taken too, because some answers are one. The shape
//! of a refusal is documented nowhere, so every shape that clients were seen to expect is read.

use serde_json::{Map, Value};

use super::json::Filled;
use crate::domain::RecordId;

/// A row as it came, without what is null.
pub(super) type Row = Map<String, Value>;

/// As much of the server's words as is kept.
const WORDS_MAX: usize = 2_048;

/// As much of a refusal's body as is looked at for words: markup may take most of it.
const REFUSAL_MAX: usize = 64 * 1_024;

/// The rows of one answer.
pub(super) struct Page {
    /// In the order in which they came.
    pub(super) rows: Vec<Row>,
    /// `@odata.nextLink`.
    pub(super) next: Option<String>,
}

/// The rows of a successful answer, else what is wrong with it.
///
/// What is no list and no row is wrong, however it looks: it must never pass for an empty list.
pub(super) fn page(body: &[u8]) -> Result<Page, &'static str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let Ok(Filled(answer)) = serde_json::from_slice(body) else { return Err("no JSON") };
    match answer {
        Value::Object(mut envelope) => match envelope.remove("value") {
            Some(Value::Array(rows)) => {
                let next = envelope.get("@odata.nextLink").and_then(Value::as_str);
                Ok(Page { rows: objects(rows)?, next: next.map(str::to_owned) })
            }
            Some(Value::Object(row)) if id(&row).is_some() => {
                Ok(Page { rows: vec![row], next: None })
            }
            None if id(&envelope).is_some() => Ok(Page { rows: vec![envelope], next: None }),
            _ => Err("neither `value` with a list nor a row"),
        },
        Value::Array(rows) => Ok(Page { rows: objects(rows)?, next: None }),
        _ => Err("neither a list nor a row"),
    }
}

fn objects(rows: Vec<Value>) -> Result<Vec<Row>, &'static str> {
    let object = |row| match row {
        Value::Object(row) if id(&row).is_some() => Ok(row),
        _ => Err("a row without `Id`"),
    };
    rows.into_iter().map(object).collect()
}

/// A row's `Id`; a new record's is never 0.
pub(super) fn id(row: &Row) -> Option<RecordId> {
    number(row.get("Id")?).filter(|id| *id > 0).map(RecordId)
}

/// A whole number, as a number or as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The server's words about a refusal, at most 2 kB of them; `None` where there are none.
pub(super) fn words(body: &[u8]) -> Option<String> {
    let body = String::from_utf8_lossy(&body[..body.len().min(REFUSAL_MAX)]);
    let words = match serde_json::from_str::<Value>(&body) {
        Ok(said) => said_in(&said).unwrap_or_else(|| body.trim()).to_owned(),
        Err(_) if body.trim_start().starts_with('<') => text_of_markup(&body),
        Err(_) => body.trim().to_owned(),
    };
    let words = &words[..words.floor_char_boundary(WORDS_MAX)];
    (!words.is_empty()).then(|| words.to_owned())
}

/// The words in a body of any known shape.
fn said_in(body: &Value) -> Option<&str> {
    const MEMBERS: [&str; 8] =
        ["error", "value", "Message", "message", "errors", "Error", "innererror", "text"];
    match body {
        Value::String(text) => Some(text.trim()).filter(|it| !it.is_empty()),
        Value::Array(list) => list.iter().find_map(said_in),
        Value::Object(members) => MEMBERS.iter().find_map(|name| said_in(members.get(*name)?)),
        _ => None,
    }
}

/// What a person would see of an HTML page, on one line.
fn text_of_markup(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let end = ["script", "style"].iter().find_map(|name| {
            let opened = after.get(..name.len())?.eq_ignore_ascii_case(name);
            let close = format!("</{name}");
            opened.then(|| after.to_ascii_lowercase().find(&close).unwrap_or(after.len()))
        });
        rest = &after[end.unwrap_or_default()..];
        if end.is_none() {
            rest = rest.split_once('>').map_or("", |(_, after)| after);
        }
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Result<usize, &'static str> {
        page(body.as_bytes()).map(|it| it.rows.len())
    }

    #[test]
    fn a_list_a_row_and_a_bare_row_are_read() {
        assert_eq!(read(r#"{"@odata.context":"x","value":[]}"#), Ok(0));
        assert_eq!(read(r#"{"value":[{"Id":1},{"Id":2}]}"#), Ok(2));
        assert_eq!(read(r#"{"value":{"Id":1}}"#), Ok(1));
        assert_eq!(read(r#"{"Id":1,"Name":"x"}"#), Ok(1));
        assert_eq!(read("\u{feff}[{\"Id\":1}]"), Ok(1));
    }

    #[test]
    fn nothing_else_passes_for_an_empty_list() {
        let others = [
            "",
            "null",
            "{}",
            "<html></html>",
            r#"{"value":null}"#,
            r#"{"value":"throttled"}"#,
            r#"{"value":{}}"#,
            r#"{"error":{"message":"x"}}"#,
            r#"{"value":[{"Name":"x"}]}"#,
            r#"{"value":[{"Id":0}]}"#,
            r#"{"value":[1]}"#,
            r#"{"value":[{"Id":1}"#,
        ];
        for body in others {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn the_words_are_found_in_every_shape() {
        let shapes = [
            (
                r#"{"error":{"code":"","message":"Too long","innererror":{"message":"x"}}}"#,
                "Too long",
            ),
            (r#"{"error":{"code":"","message":"","innererror":{"message":"inner"}}}"#, "inner"),
            (r#"{"error":"plain"}"#, "plain"),
            (r#"{"value":"Campo obrigatório"}"#, "Campo obrigatório"),
            (r#"{"Message":"No"}"#, "No"),
            (r#"{"message":"no"}"#, "no"),
            (r#"{"errors":["first","second"]}"#, "first"),
            (r#""quoted""#, "quoted"),
            ("Your request has been forbidden\r\n", "Your request has been forbidden"),
            (r#"{"code":7}"#, r#"{"code":7}"#),
        ];
        for (body, expected) in shapes {
            assert_eq!(words(body.as_bytes()).as_deref(), Some(expected), "{body}");
        }
        assert_eq!(words(b" \n"), None);
    }

    #[test]
    fn of_a_page_only_its_text_is_kept() {
        let page = "<!DOCTYPE html><html><head><title>403 Forbidden</title><style>p{}</style>\
                    <SCRIPT>if (a<b) {}</SCRIPT></head>\n<body><p>Access&nbsp;denied</p></body></html>";
        assert_eq!(words(page.as_bytes()).as_deref(), Some("403 Forbidden Access&nbsp;denied"));
    }

    proptest! {
        #[test]
        fn words_are_short_whatever_comes(body: Vec<u8>, text in "\\PC{0,3000}") {
            let _ = words(&body);
            let _ = words(format!("<{text}").as_bytes());
            let said = words(text.as_bytes()).unwrap_or_default();
            prop_assert!(said.len() <= WORDS_MAX);
            prop_assert!(text.contains(&said) || serde_json::from_str::<Value>(&text).is_ok() || text.trim_start().starts_with('<'));
        }
    }
}
