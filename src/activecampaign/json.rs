//! JSON of an answer, without a copy of it.
//!
//! A page of a hundred contacts is 400 KB, nearly all of it keys and texts that nobody asks for. So a
//! text is a slice of the body that came, and `links`, half of a page, is not kept at all.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Addresses of what belongs to a row. They say nothing that the row's id does not, and come as an
/// object or as an empty array.
const LINKS: &str = "links";

/// Keys that most objects have room for at once; a contact has 46.
const KEYS: usize = 16;

/// A value.
#[derive(Clone)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    List(Vec<Self>),
    Object(Object),
}

/// A text: a slice of the body, or what its escapes stand for.
#[derive(Clone)]
pub(super) struct Text(Bytes);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        // It was a text before it was cut out.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// An object, its keys in the order in which they came.
#[derive(Clone)]
pub(super) struct Object(Vec<(Text, Json)>);

impl Object {
    /// The value under `key`; the last one where it comes twice.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        let mut entries = self.0.iter().rev();
        entries.find(|(name, _)| name.0 == key.as_bytes()).map(|(_, value)| value)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Json> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl Json {
    pub(super) const fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.as_str()) } else { None }
    }

    /// Reads `body`, which [`text`] has made one.
    pub(super) fn read(body: &Bytes) -> Result<Self, serde_json::Error> {
        let text = str::from_utf8(body).map_err(Error::custom)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Slices(body).deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

/// The text of a body: what is no UTF-8 replaced, without a byte order mark and blanks around it.
pub(super) fn text(body: &Bytes) -> Bytes {
    let body = match str::from_utf8(body) {
        Ok(_) => body.clone(),
        Err(_) => String::from_utf8_lossy(body).into_owned().into(),
    };
    let text = str::from_utf8(&body).unwrap_or_default();
    body.slice_ref(text.trim_start_matches('\u{feff}').trim().as_bytes())
}

/// Makes values of what stands in this body.
#[derive(Clone, Copy)]
struct Slices<'b>(&'b Bytes);

impl Slices<'_> {
    /// A text that the reader found in the body as it stands.
    fn cut(self, text: &str) -> Text {
        Text(self.0.slice_ref(text.as_bytes()))
    }
}

impl<'de> DeserializeSeed<'de> for Slices<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slices<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json, E> {
        Ok(Json::Text(self.cut(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(Text(Bytes::copy_from_slice(value.as_bytes()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::with_capacity(KEYS);
        while let Some(key) = entries.next_key_seed(Key(self))? {
            if key.0 == LINKS.as_bytes() {
                entries.next_value::<IgnoredAny>()?;
            } else {
                object.push((key, entries.next_value_seed(self)?));
            }
        }
        Ok(Json::Object(Object(object)))
    }
}

/// Makes the key of an entry.
struct Key<'b>(Slices<'b>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Text, D::Error> {
        match reader.deserialize_str(self.0)? {
            Json::Text(key) => Ok(key),
            _ => Err(Error::custom("a key is no text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(body: &str) -> Object {
        match Json::read(&text(&Bytes::copy_from_slice(body.as_bytes()))) {
            Ok(Json::Object(object)) => object,
            _ => panic!("it is no object: {body}"),
        }
    }

    #[test]
    fn texts_are_what_their_escapes_stand_for() {
        let it = object(r#"{"plain":"Ana","name":"Jo\u00e3o \ud83d\ude00","a\/b":"","links":{}}"#);

        let text = |key| it.get(key).and_then(Json::as_str);
        assert_eq!(text("plain"), Some("Ana"));
        assert_eq!(text("name"), Some("João 😀"));
        assert_eq!(text("a/b"), Some(""));
        assert!(it.get("links").is_none());
    }

    #[test]
    fn numbers_words_lists_and_objects_are_told_apart() {
        let it =
            object(r#"{"n":-7,"u":18446744073709551615,"f":1.5,"b":true,"l":[null,{}],"n":8}"#);

        let number = |key| match it.get(key) {
            Some(Json::Number(number)) => number.to_string(),
            _ => panic!("{key} is no number"),
        };
        assert_eq!([number("n"), number("u"), number("f")], ["8", "18446744073709551615", "1.5"]);
        assert!(matches!(it.get("b"), Some(Json::Bool(true))));
        let Some(Json::List(list)) = it.get("l") else { panic!("it is no list") };
        assert!(matches!(&list[..], [Json::Null, Json::Object(_)]));
    }

    #[test]
    fn what_is_around_the_value_is_cut_off_and_what_is_no_text_replaced() {
        let it = object("\u{feff} {\"a\":\"b\"}\r\n");
        assert_eq!(it.get("a").and_then(Json::as_str), Some("b"));

        let broken = Json::read(&text(&Bytes::from_static(b"{\"a\":\"\xff\"}"))).unwrap();
        let a = broken.as_object().and_then(|it| it.get("a")).and_then(Json::as_str);
        assert_eq!(a, Some("\u{fffd}"));
    }

    #[test]
    fn what_is_cut_off_or_followed_by_something_is_no_json() {
        for body in ["{\"a\":1", "{} {}", "{\"a\":}", "<html>"] {
            assert!(Json::read(&Bytes::copy_from_slice(body.as_bytes())).is_err(), "{body}");
        }
    }
}
