//! When two values say the same thing, whatever their formatting.
//!
//! Ploomes gives back what was written in its own spelling: `1` as `1.0`, a document without its
//! points, a date with another offset. Taking that for a difference would write the same value for
//! ever, and take ponte's own value for a person's.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Whether a property of Ploomes holds nothing.
///
/// An id of 0 is how Ploomes says "none" in places (`ClassId`).
pub(super) fn is_empty(property: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Number(number) => property.ends_with("Id") && number.as_i64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Object(_) => false,
    }
}

/// Whether two values of a property, or of a slot, say the same.
pub(super) fn same(property: &str, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => same_text(property, left, right),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left == right,
            _ => left.as_f64().zip(right.as_f64()).is_some_and(|(left, right)| close(left, right)),
        },
        (Value::String(text), Value::Number(number))
        | (Value::Number(number), Value::String(text)) => {
            let read = text.trim().parse().ok().zip(number.as_f64());
            read.is_some_and(|(text, number)| close(text, number))
                || digits(text).is_some_and(|it| number.as_i64() == Some(it))
        }
        (left, right) => left == right,
    }
}

fn same_text(property: &str, left: &str, right: &str) -> bool {
    let (left, right) = (left.trim(), right.trim());
    left == right
        || match property {
            "Email" => email(left) == email(right),
            "CPF" | "CNPJ" | "Register" | "IdentityDocument" => {
                characters(left) == characters(right)
            }
            _ => moment(left).zip(moment(right)).is_some_and(|(left, right)| left.is(&right)),
        }
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= f64::EPSILON * left.abs().max(right.abs())
}

/// An e-mail address as it is compared: trimmed and lower-cased.
pub(super) fn email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A document as it is compared: letters and digits alone, upper case.
pub(super) fn characters(document: &str) -> String {
    let kept = document.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|it| it.to_ascii_uppercase()).collect()
}

/// The digits of a phone, as `SearchPhoneNumber` has them.
pub(super) fn digits(phone: &str) -> Option<i64> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// A name as it is compared: case and accents folded, spaces collapsed.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|it| it.to_ascii_lowercase()));
        } else {
            let plain = word.nfkd().filter(|it| !is_combining_mark(*it));
            folded.extend(plain.flat_map(char::to_lowercase));
        }
    }
    folded
}

/// A time as precise as it was written.
enum Moment {
    Instant(DateTime<FixedOffset>),
    Local(NaiveDateTime),
    Day(NaiveDate),
}

impl Moment {
    /// Whether both are the same time, as far as the less precise of them says; a second is the
    /// least that Ploomes keeps without rounding.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Instant(left), Self::Instant(right)) => left.timestamp() == right.timestamp(),
            (Self::Day(_), _) | (_, Self::Day(_)) => self.local().date() == other.local().date(),
            _ => self.local().and_utc().timestamp() == other.local().and_utc().timestamp(),
        }
    }

    fn local(&self) -> NaiveDateTime {
        match self {
            Self::Instant(at) => at.naive_local(),
            Self::Local(at) => *at,
            Self::Day(day) => day.and_time(chrono::NaiveTime::MIN),
        }
    }
}

fn moment(text: &str) -> Option<Moment> {
    // Names are compared too, and far more often.
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(Moment::Instant);
    let local =
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(Moment::Local);
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Moment::Day);
    instant().or_else(local).or_else(day)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formatting_is_no_difference() {
        let noon = || json!("2026-03-01T12:00:00-03:00");
        for (property, left, right) in [
            ("CPF", json!("529.982.247-25"), json!("52998224725")),
            ("CNPJ", json!("12.abc.345/01DE-35"), json!("12ABC34501DE35")),
            ("Email", json!("Ana@Example.com "), json!("ana@example.com")),
            ("Name", json!(" Ana "), json!("Ana")),
            ("Amount", json!(1), json!(1.0)),
            ("DecimalValue", json!(1234.56), json!(1234.560)),
            ("ZipCode", json!("01310-100"), json!(1_310_100)),
            ("DateTimeValue", noon(), json!("2026-03-01T15:00:00.07Z")),
            ("Birthday", json!("2026-03-01"), noon()),
            ("DateTimeValue", json!("2026-03-01T12:00:00"), noon()),
        ] {
            assert!(same(property, &left, &right), "{left} {right}");
            assert!(same(property, &right, &left), "{right} {left}");
        }
    }

    #[test]
    fn content_is_a_difference() {
        for (property, left, right) in [
            ("Name", json!("Ana"), json!("ANA")),
            ("Name", json!("A.B"), json!("AB")),
            ("CPF", json!("52998224725"), json!("52998224726")),
            ("Amount", json!(1), json!(1.5)),
            ("BoolValue", json!(true), json!(false)),
            ("DateTimeValue", json!("2026-03-01T12:00:00-03:00"), json!("2026-03-01T12:00:00Z")),
            ("Birthday", json!("2026-03-01"), json!("2026-03-02T00:00:00-03:00")),
            ("Name", json!("12"), json!(13)),
        ] {
            assert!(!same(property, &left, &right), "{left} {right}");
        }
    }

    #[test]
    fn names_fold_case_accents_and_spaces() {
        assert_eq!(fold("  PADARIA  São João "), "padaria sao joao");
        assert_eq!(fold("Café"), fold("CAFE\u{301}"));
        assert_ne!(fold("Padaria"), fold("Padoca"));
    }

    #[test]
    fn an_id_of_zero_is_empty_and_an_amount_of_zero_is_not() {
        assert!(is_empty("ClassId", &json!(0)));
        assert!(!is_empty("Amount", &json!(0)));
        assert!(is_empty("Name", &json!("  ")));
        assert!(!is_empty("EmailMarketing", &json!(false)));
    }
}
