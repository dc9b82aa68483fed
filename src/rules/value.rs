//! Values: from the text that `ActiveCampaign` holds to the JSON that a field in Ploomes takes.
//!
//! What cannot be read is left out with a remark, and never guessed. Remarks hold no value: they
//! go after the name of the source, into warnings and failures that people may see.

pub(super) mod choice;
mod date;
mod document;
mod number;
mod phone;

use std::{borrow::Cow, sync::Arc};

use email_address::{EmailAddress, Options};
use serde_json::Value;

use super::{Phone, names::fold};
use choice::Choices;

/// What `StringValue` holds at most.
const SHORT_TEXT_MAX: usize = 250;

/// What a field takes.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Text, trimmed.
    Line,
    /// Text as it is.
    LongText,
    /// Text as it is, up to [`SHORT_TEXT_MAX`].
    ShortText,
    /// An e-mail address.
    Email,
    /// A CPF.
    Cpf,
    /// A CNPJ.
    Cnpj,
    /// Any document: a CPF, a CNPJ, or something else.
    Register,
    /// A postal code, as a number.
    ZipCode,
    /// A whole number.
    Whole,
    /// A number.
    Decimal,
    /// A date with a time and an offset.
    Date,
    /// Yes or no.
    Flag,
    /// The id of one of these.
    Choice(Arc<Choices>),
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// `None`: nothing is written.
    pub(super) value: Option<Value>,
    /// What a person may want to know, to be read after the source's name.
    pub(super) remark: Option<&'static str>,
}

impl Reading {
    fn good(value: impl Into<Value>) -> Self {
        Self { value: Some(value.into()), remark: None }
    }

    fn good_but(value: impl Into<Value>, remark: &'static str) -> Self {
        Self { value: Some(value.into()), remark: Some(remark) }
    }

    const fn nothing() -> Self {
        Self { value: None, remark: None }
    }

    const fn bad(remark: &'static str) -> Self {
        Self { value: None, remark: Some(remark) }
    }

    /// The value, or the remark where there is none.
    fn or_bad(value: Option<impl Into<Value>>, remark: &'static str) -> Self {
        value.map_or(Self::bad(remark), Self::good)
    }

    /// The value, or the text as it was typed.
    fn or_as_typed(value: Option<String>, text: &str, remark: &'static str) -> Self {
        value.map_or_else(|| Self::good_but(text.trim(), remark), Self::good)
    }
}

impl Kind {
    /// Whether several values may be written as one text.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Line | Self::LongText | Self::ShortText)
    }

    /// Reads a text that is not empty.
    pub(super) fn read(&self, text: &str) -> Reading {
        match self {
            Self::Line => Reading::good(text.trim()),
            Self::LongText => Reading::good(text),
            Self::ShortText => short_text(text),
            Self::Email => Reading::or_bad(email(text), "is no e-mail address"),
            Self::Cpf => {
                let remark = "is no valid CPF and is kept as it was typed";
                Reading::or_as_typed(document::read_cpf(text), text, remark)
            }
            Self::Cnpj => {
                let remark = "is no valid CNPJ and is kept as it was typed";
                Reading::or_as_typed(document::read_cnpj(text), text, remark)
            }
            Self::Register => {
                let known = document::read_cpf(text).or_else(|| document::read_cnpj(text));
                Reading::good(known.unwrap_or_else(|| text.trim().to_owned()))
            }
            Self::ZipCode => Reading::or_bad(zip_code(text), "is no postal code"),
            Self::Whole => Reading::or_bad(number::parse_whole(text), "is no whole number"),
            Self::Decimal => Reading::or_bad(number::parse(text), "is no clear number"),
            Self::Date if date::is_no_date(text) => Reading::nothing(),
            Self::Date => Reading::or_bad(date::parse(text), "is no date"),
            Self::Flag => Reading::or_bad(flag(text), "is neither yes nor no"),
            Self::Choice(choices) => Reading::or_bad(choices.find(text), choices.remark()),
        }
    }
}

/// Reads a phone that is not empty; it is kept in any case.
pub(super) fn phone(text: &str) -> (Phone, Option<&'static str>) {
    phone::parse(text)
}

/// The items of a value: `ActiveCampaign` keeps several as `||a||b||`.
pub(super) fn items(text: &str) -> Vec<&str> {
    match text.trim().strip_prefix("||") {
        Some(list) => list.split("||").map(str::trim).filter(|item| !item.is_empty()).collect(),
        None if text.trim().is_empty() => Vec::new(),
        None => vec![text],
    }
}

/// Items as one text.
pub(super) fn joined<'a>(items: &[Cow<'a, str>]) -> Cow<'a, str> {
    match items {
        [] => Cow::Borrowed(""),
        [item] => item.clone(),
        items => Cow::Owned(items.join(", ")),
    }
}

/// The first [`SHORT_TEXT_MAX`] characters, counted as the server counts: in UTF-16.
fn short_text(text: &str) -> Reading {
    let mut length = 0;
    for (at, c) in text.char_indices() {
        length += c.len_utf16();
        if length > SHORT_TEXT_MAX {
            return Reading::good_but(&text[..at], "is cut at 250 characters");
        }
    }
    Reading::good(text)
}

/// An address in lower case, where it is one that mail can be sent to.
fn email(text: &str) -> Option<String> {
    let address = text.trim().to_lowercase();
    let strict = Options::default().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(&address, strict.with_required_tld())
        .is_ok()
        .then_some(address)
}

/// The eight digits of a postal code, as the number that Ploomes keeps: without a leading zero.
fn zip_code(text: &str) -> Option<i64> {
    let digits: String = text.trim().chars().filter(|c| !matches!(c, '-' | '.' | ' ')).collect();
    let is_code = matches!(digits.len(), 7 | 8) && digits.bytes().all(|it| it.is_ascii_digit());
    is_code.then(|| digits.parse().ok()).flatten()
}

fn flag(text: &str) -> Option<bool> {
    match fold(text).as_str() {
        "sim" | "yes" | "true" | "1" | "on" => Some(true),
        "nao" | "no" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::rules) use document::tests::{cnpj_of, cpf_of};

    fn value(kind: &Kind, text: &str) -> Option<Value> {
        kind.read(text).value
    }

    #[test]
    fn an_email_is_lowered_and_one_that_is_none_is_left_out() {
        for (text, address) in [
            (" Ana.Lima@Example.COM ", "ana.lima@example.com"),
            ("o'brien+site@example.com", "o'brien+site@example.com"),
            ("joão@example.com", "joão@example.com"),
        ] {
            assert_eq!(value(&Kind::Email, text), Some(json!(address)), "{text}");
        }
        for text in [
            "ana",
            "ana@",
            "@example.com",
            "ana@localhost",
            "ana@@example.com",
            "Ana <ana@example.com>",
            "ana@[127.0.0.1]",
            "ana lima@example.com",
            "ana@example.com; bia@example.com",
        ] {
            assert_eq!(Kind::Email.read(text), Reading::bad("is no e-mail address"), "{text}");
        }
    }

    #[test]
    fn an_invalid_document_is_kept_as_it_was_typed() {
        let cpf = cpf_of("123456789");
        assert_eq!(Kind::Cpf.read(&cpf), Reading::good(cpf.as_str()));
        let remark = "is no valid CPF and is kept as it was typed";
        assert_eq!(Kind::Cpf.read(" 123.456 "), Reading::good_but("123.456", remark));
        let remark = "is no valid CNPJ and is kept as it was typed";
        assert_eq!(Kind::Cnpj.read(&cpf), Reading::good_but(cpf.as_str(), remark));
        assert_eq!(Kind::Cpf.read("１２３").value, Some(json!("１２３")));
    }

    #[test]
    fn a_register_takes_any_document_without_a_remark() {
        let cnpj = cnpj_of("12ABC34501DE");
        assert_eq!(Kind::Register.read("12.ABC.345/01DE-35"), Reading::good(cnpj.as_str()));
        assert_eq!(Kind::Register.read(" PT 501 964 843 "), Reading::good("PT 501 964 843"));
    }

    #[test]
    fn a_long_text_is_cut_where_the_server_would_refuse_it() {
        let remark = "is cut at 250 characters";
        let fits = "á".repeat(250);
        assert_eq!(Kind::ShortText.read(&fits), Reading::good(fits.as_str()));
        assert_eq!(Kind::ShortText.read(&"á".repeat(251)), Reading::good_but(fits, remark));
        // An emoji counts twice.
        let emoji = "🍞".repeat(126);
        let cut = "🍞".repeat(125);
        assert_eq!(Kind::ShortText.read(&emoji), Reading::good_but(cut, remark));
        let long = "á".repeat(5000);
        assert_eq!(Kind::LongText.read(&long), Reading::good(long.as_str()));
    }

    #[test]
    fn custom_text_is_untouched() {
        let text = "  linha 1\r\n linha \"2\" <b>+</b> \\ 'x' ";
        assert_eq!(value(&Kind::ShortText, text), Some(json!(text)));
        assert_eq!(value(&Kind::LongText, text), Some(json!(text)));
        assert_eq!(value(&Kind::Line, text), Some(json!(text.trim())));
    }

    #[test]
    fn a_postal_code_is_a_number() {
        assert_eq!(value(&Kind::ZipCode, "01310-100"), Some(json!(1_310_100)));
        assert_eq!(value(&Kind::ZipCode, "90.010-000"), Some(json!(90_010_000)));
        assert_eq!(value(&Kind::ZipCode, "1310100"), Some(json!(1_310_100)));
        assert_eq!(value(&Kind::ZipCode, "SW1A 1AA"), None);
        assert_eq!(value(&Kind::ZipCode, "123"), None);
    }

    #[test]
    fn yes_and_no_are_known_in_both_languages() {
        for text in ["sim", "SIM", "yes", "true", "1", " on "] {
            assert_eq!(value(&Kind::Flag, text), Some(json!(true)), "{text}");
        }
        for text in ["não", "NAO", "no", "false", "0", "off"] {
            assert_eq!(value(&Kind::Flag, text), Some(json!(false)), "{text}");
        }
        assert_eq!(Kind::Flag.read("talvez"), Reading::bad("is neither yes nor no"));
    }

    #[test]
    fn several_values_are_told_from_one() {
        assert_eq!(items("||Loja||Site||"), ["Loja", "Site"]);
        assert_eq!(items("||Loja||"), ["Loja"]);
        assert_eq!(items("Loja, Site"), ["Loja, Site"]);
        assert_eq!(items(" a || b "), [" a || b "]);
        for nothing in ["", "  ", "||", "||||", "|| ||"] {
            assert!(items(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_stamp_that_stands_for_no_date_is_no_value_and_no_warning() {
        assert_eq!(Kind::Date.read("0000-00-00 00:00:00"), Reading::nothing());
        assert_eq!(Kind::Date.read("logo"), Reading::bad("is no date"));
    }
}
