//! JSON of an answer, without what is null.
//!
//! A row has all columns of its table, and most are null: a field has sixty, some twenty of them
//! filled. Null and absent mean the same of a property, and of an expanded list that it did not come, so
//! that a null takes no room.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value whose objects hold no nulls.
pub(super) struct Filled(pub(super) Value);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Filled(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((Name(name), Filled(value))) = entries.next_entry()? {
            if !value.is_null() {
                object.insert(name.into_owned(), value);
            }
        }
        Ok(object.into())
    }
}

/// The name of a member: a slice of the body where it holds no escape.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The same value without its nulls, as it would be taken apart by hand.
    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let filled = object.into_iter().filter(|(_, value)| !value.is_null());
                filled.map(|(name, value)| (name, without_nulls(value))).collect()
            }
            Value::Array(list) => list.into_iter().map(without_nulls).collect(),
            other => other,
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "\\PC*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,6}", inner), 0..6)
                    .prop_map(|entries| entries.into_iter().collect::<Value>()),
            ]
        })
    }

    fn read(text: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(text).map(|Filled(value)| value)
    }

    #[test]
    fn what_is_null_is_absent_at_any_depth() {
        let value =
            read(r#"{"Id":1,"Name":null,"Type":{"Icon":null,"Id":2},"List":[null,{"x":null}]}"#);
        assert_eq!(value.unwrap(), json!({"Id": 1, "Type": {"Id": 2}, "List": [null, {}]}));
        assert_eq!(read(r#"{"a\u00e7":"\n"}"#).unwrap(), json!({"aç": "\n"}));
        assert!(read(r#"{"Id":1"#).is_err() && read("").is_err());
    }

    proptest! {
        #[test]
        fn all_else_is_as_it_came(value in any_value()) {
            // Read once before: a fraction is read to its last digit but one.
            let text = value.to_string();
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read(&text).unwrap(), without_nulls(value));
        }
    }
}
