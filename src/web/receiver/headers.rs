//! The headers that are kept with a delivery: where it came from and how it was written.

use http::{HeaderMap, HeaderName, header};

/// What is kept; nothing that lets somebody in is among it, whatever a proxy adds.
const KEPT: [HeaderName; 11] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    header::DATE,
    header::FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// Bytes kept of one value: a user agent of a browser, or a dozen proxies.
const VALUE_BYTES_MAX: usize = 256;

/// The kept headers as a JSON object, in a fixed order; of one that stands twice, the first.
pub(super) fn kept(headers: &HeaderMap) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    for name in &KEPT {
        let Some(value) = headers.get(name) else { continue };
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        json.push_str(name.as_str());
        json.push_str("\":\"");
        push_escaped(&mut json, value.as_bytes());
        json.push('"');
    }
    json.push('}');
    json
}

/// Writes a value inside a JSON string.
fn push_escaped(json: &mut String, value: &[u8]) {
    let value = &value[..value.len().min(VALUE_BYTES_MAX)];
    for character in String::from_utf8_lossy(value).chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            // The only control character that a header's value may hold.
            '\t' => json.push_str("\\t"),
            _ => json.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn of(pairs: &[(&'static str, &[u8])]) -> Value {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        serde_json::from_str(&kept(&headers)).expect("it is JSON")
    }

    #[test]
    fn no_header_that_lets_somebody_in_is_kept() {
        let kept = of(&[
            ("authorization", b"Basic cG9udGU6c2VjcmV0"),
            ("cookie", b"session=1"),
            ("proxy-authorization", b"Bearer 1"),
            ("x-api-key", b"1"),
            ("content-type", b"text/plain"),
        ]);
        assert_eq!(kept, json!({ "content-type": "text/plain" }));
    }

    #[test]
    fn a_value_is_cut_and_the_first_of_two_is_kept() {
        let long = [b'a'; VALUE_BYTES_MAX + 1];
        let kept = of(&[("user-agent", &long), ("user-agent", b"second")]);
        assert_eq!(kept["user-agent"].as_str().map(str::len), Some(VALUE_BYTES_MAX));
    }

    proptest! {
        #[test]
        fn whatever_a_value_holds_the_object_is_json(
            value in proptest::collection::vec(any::<u8>(), 0..600)
        ) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert("user-agent", value);
                prop_assert!(serde_json::from_str::<Value>(&kept(&headers)).is_ok());
            }
        }
    }
}
