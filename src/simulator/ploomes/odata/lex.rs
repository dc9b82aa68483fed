//! A query option as words.

use chrono::{DateTime, FixedOffset};

use super::{Literal, Malformed};

/// A word of a query option.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword, such as `Email`, `eq`, `$select`.
    Word(String),
    /// A text, number or date.
    Literal(Literal),
    /// One of `( ) , ; : / = *`.
    Symbol(char),
}

/// The words of `text`, which is decoded.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Malformed> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let negative = first == '-' && rest[1..].starts_with(|it: char| it.is_ascii_digit());
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '\'' {
            let (literal, after) = quoted(&rest[1..])?;
            tokens.push(Token::Literal(Literal::Text(literal)));
            rest = after;
        } else if first.is_ascii_digit() || negative {
            let end = rest.find(|it| !in_number(it)).unwrap_or(rest.len());
            tokens.push(Token::Literal(number_or_date(&rest[..end])?));
            rest = &rest[end..];
        } else if first.is_ascii_alphabetic() || first == '_' || first == '$' {
            let end = rest[1..].find(|it| !in_word(it)).map_or(rest.len(), |it| it + 1);
            tokens.push(word(&rest[..end]));
            rest = &rest[end..];
        } else if "(),;:/=*".contains(first) {
            tokens.push(Token::Symbol(first));
            rest = &rest[1..];
        } else {
            return Err(Malformed(format!("a syntax error at '{first}'")));
        }
    }
    Ok(tokens)
}

const fn in_word(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

/// What numbers and dates are made of, a date's offset included.
const fn in_number(it: char) -> bool {
    it.is_ascii_digit() || matches!(it, '-' | '+' | '.' | ':' | 'T' | 'Z' | 'e' | 'E')
}

fn word(text: &str) -> Token {
    match text {
        "null" => Token::Literal(Literal::Null),
        "true" => Token::Literal(Literal::Bool(true)),
        "false" => Token::Literal(Literal::Bool(false)),
        _ => Token::Word(text.to_owned()),
    }
}

/// A text up to its closing quote, doubled quotes made single, and what comes after.
fn quoted(text: &str) -> Result<(String, &str), Malformed> {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\'') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Ok((value, rest)),
        }
    }
    Err(Malformed("an unterminated string literal".to_owned()))
}

/// A date needs a time and an offset; what has none is refused, as the real service does.
fn number_or_date(text: &str) -> Result<Literal, Malformed> {
    if let Ok(integer) = text.parse() {
        return Ok(Literal::Int(integer));
    }
    if let Ok(date) = DateTime::<FixedOffset>::parse_from_rfc3339(text) {
        return Ok(Literal::Date(date));
    }
    match text.parse::<f64>() {
        Ok(decimal) if decimal.is_finite() => Ok(Literal::Decimal(decimal)),
        _ => Err(Malformed(format!("'{text}' is no number and no date with time and offset"))),
    }
}
