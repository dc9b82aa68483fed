//! Phones: the text as typed, the number it stands for, and the ways it may be stored.
//!
//! Brazilian numbers are read here by the national rules: an area code, then eight digits that
//! begin with 2 to 5 (landline) or nine that begin with 9 (mobile). Mobiles had eight digits, 6 to 9
//! first, until 2016; such a number is the one of today with a 9 before it. The general tables know
//! nothing of that, and take the area 55 for the country, so they are asked about foreign numbers
//! only.

use crate::rules::Phone;

/// `CountryId` of Brazil.
const BRAZIL: i64 = 76;

/// Fewer digits are no number that anybody could call.
const DIGITS_MIN: usize = 8;

/// More digits do not fit `SearchPhoneNumber`.
const DIGITS_MAX: usize = 18;

/// The remark on a text that has no valid number.
const NO_NUMBER: &str = "holds no valid phone number and is kept as it was typed";

impl Phone {
    /// Reads a phone as it was typed.
    pub fn read(text: &str) -> Self {
        parse(text).0
    }
}

/// Reads a phone; the remark says that no number was recognised.
pub(super) fn parse(text: &str) -> (Phone, Option<&'static str>) {
    let raw = text.trim().to_owned();
    let typed = Digits::of(&raw);
    let typed_key = (DIGITS_MIN..=DIGITS_MAX)
        .contains(&typed.all.len())
        .then(|| typed.all.parse::<i64>().ok())
        .flatten();

    if let Some(national) = typed.brazilian() {
        let today = with_ninth_digit(national);
        let mut keys = keys_of(&today);
        keys.extend(typed_key.filter(|key| !keys.contains(key)));
        let phone =
            Phone { raw, e164: Some(format!("+55{today}")), country_id: Some(BRAZIL), keys };
        return (phone, None);
    }
    let e164 = typed.is_foreign().then(|| foreign(&raw)).flatten();
    let remark = e164.is_none().then_some(NO_NUMBER);
    (Phone { raw, e164, country_id: None, keys: typed_key.into_iter().collect() }, remark)
}

/// The digits of a phone as it was typed.
struct Digits {
    /// All of them: what Ploomes searches by.
    all: String,
    /// Those of the first number: what comes before an extension, or before another number.
    first: String,
    /// Whether a `+` comes before the first digit.
    plus: bool,
}

impl Digits {
    fn of(raw: &str) -> Self {
        let start = raw.find(|c: char| c.is_ascii_digit()).unwrap_or(raw.len());
        let plus = raw[..start].contains('+');
        let all: String = raw.chars().filter(char::is_ascii_digit).collect();
        let ends = |c: char| c.is_alphabetic() || matches!(c, '/' | ';' | ',' | '|' | '#');
        let mut first = String::with_capacity(all.len());
        for c in raw.chars() {
            if c.is_ascii_digit() {
                first.push(c);
            } else if ends(c) && first.len() >= DIGITS_MIN {
                break;
            }
        }
        Self { all, first, plus }
    }

    /// Area code and number, where it is a Brazilian one.
    fn brazilian(&self) -> Option<&str> {
        let digits = self.first.as_str();
        let international = digits.strip_prefix("0055").or(digits.strip_prefix("55"));
        // `+55 (0) 11 …` is seen.
        let after_country = international.map(|it| it.strip_prefix('0').unwrap_or(it));
        if self.plus {
            return after_country.filter(|it| is_national(it));
        }
        let trunk = digits.strip_prefix('0');
        // The code of a carrier: `0 21 11 …`.
        let after_carrier = trunk.and_then(|it| it.get(2..));
        [Some(digits), after_country, trunk, after_carrier]
            .into_iter()
            .flatten()
            .find(|it| is_national(it))
    }

    fn is_foreign(&self) -> bool {
        self.plus && !self.first.starts_with("55")
    }
}

/// Whether these are an area code and a number of it.
fn is_national(digits: &str) -> bool {
    match digits.as_bytes() {
        [area, code, b'9', rest @ ..] if rest.len() == 8 => is_area(*area, *code),
        [area, code, b'2'..=b'9', rest @ ..] if rest.len() == 7 => is_area(*area, *code),
        _ => false,
    }
}

/// Whether there is an area of this code.
const fn is_area(first: u8, second: u8) -> bool {
    match first {
        b'1' | b'4' | b'6' | b'8' | b'9' => second != b'0',
        b'2' => matches!(second, b'1' | b'2' | b'4' | b'7' | b'8'),
        b'3' => matches!(second, b'1'..=b'5' | b'7' | b'8'),
        b'5' => matches!(second, b'1' | b'3'..=b'5'),
        b'7' => matches!(second, b'1' | b'3'..=b'5' | b'7' | b'9'),
        _ => false,
    }
}

/// The number as it is dialled today.
fn with_ninth_digit(national: &str) -> String {
    match national.as_bytes() {
        [_, _, b'6'..=b'9', rest @ ..] if rest.len() == 7 => {
            format!("{}9{}", &national[..2], &national[2..])
        }
        _ => national.to_owned(),
    }
}

/// Each way a number may be stored: with and without 55, with and without the ninth digit.
///
/// What is left of a mobile without its 9 may be somebody's landline; that is no way to store it.
fn keys_of(today: &str) -> Vec<i64> {
    let before_2016 = match today.as_bytes() {
        [_, _, b'9', b'2'..=b'5', ..] => None,
        [_, _, b'9', rest @ ..] if rest.len() == 8 => Some([&today[..2], &today[3..]].concat()),
        _ => None,
    };
    [Some(today), before_2016.as_deref()]
        .into_iter()
        .flatten()
        .flat_map(|number| [format!("55{number}"), number.to_owned()])
        .map(|digits| digits.parse().expect("at most 13 digits"))
        .collect()
}

/// E.164 of a number of another country.
fn foreign(raw: &str) -> Option<String> {
    // Longer than any number with its punctuation and extension.
    const BYTES_MAX: usize = 60;
    if raw.len() > BYTES_MAX {
        return None;
    }
    let number = phonenumber::parse(None, raw).ok()?;
    number.is_valid().then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

#[cfg(test)]
mod tests;
