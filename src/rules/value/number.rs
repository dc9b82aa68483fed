//! Numbers as people in Brazil type them.

use serde_json::Number;

/// A double holds every number of this many digits.
const DIGITS_MAX: usize = 15;

/// Reads a number; `None` where it could mean two things.
///
/// With a comma, dots are thousands: `1.234,56`. Without one, a single dot followed by one or two
/// digits is a decimal point (`1000.50`), by three digits a thousand (`1.000`). Whole numbers come
/// out whole, whatever they were written like.
pub(super) fn parse(text: &str) -> Option<Number> {
    let text = text.trim();
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = match unsigned.split_once(',') {
        Some((whole, fraction)) => (without_thousands(whole)?, fraction),
        None => match unsigned.split_once('.') {
            Some((whole, fraction)) if matches!(fraction.len(), 1 | 2) => {
                (whole.to_owned(), fraction)
            }
            // `1.000.000` has two dots: what follows the first is no three digits.
            Some((_, thousand)) if is_digits(thousand) => (without_thousands(unsigned)?, "0"),
            Some(_) => return None,
            None => (unsigned.to_owned(), "0"),
        },
    };
    if !is_digits(&whole) || !is_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() + fraction.len() > DIGITS_MAX {
        return None;
    }
    if fraction.is_empty() {
        return format!("{sign}0{whole}").parse::<i64>().ok().map(Number::from);
    }
    format!("{sign}0{whole}.{fraction}").parse::<f64>().ok().and_then(Number::from_f64)
}

/// Reads a whole number.
pub(super) fn parse_whole(text: &str) -> Option<i64> {
    parse(text)?.as_i64()
}

/// The digits of `1.234.567`; `None` where the dots are not where thousands are, or where the
/// number begins with 0 and a dot: `0.500` is no five hundred.
fn without_thousands(text: &str) -> Option<String> {
    let mut groups = text.split('.');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let are_thousands = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && rest.iter().all(|group| group.len() == 3);
    (rest.is_empty() || are_thousands).then(|| format!("{first}{}", rest.concat()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_in_brazil() {
        for (text, number) in [
            ("1.234,56", "1234.56"),
            ("1.234.567,8", "1234567.8"),
            ("1234,56", "1234.56"),
            ("0,5", "0.5"),
            ("1000.50", "1000.5"),
            ("10.5", "10.5"),
            ("0.5", "0.5"),
            ("1.000", "1000"),
            ("12.345", "12345"),
            ("1000", "1000"),
            (" 42 ", "42"),
            ("007", "7"),
            ("0", "0"),
            ("1000,00", "1000"),
            ("1000.00", "1000"),
            ("-1.234,50", "-1234.5"),
            ("-7", "-7"),
            ("999999999999999", "999999999999999"),
        ] {
            assert_eq!(parse(text).map(|it| it.to_string()).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_not_read() {
        for text in [
            "",
            "-",
            "abc",
            "R$ 10",
            "10%",
            "1 000",
            "1e3",
            "+5",
            "--5",
            "1,",
            ",5",
            ".5",
            "1.",
            "1,234.56",
            "1.23,4",
            "1,2,3",
            "12.34.56",
            "1.000.000",
            "1000.500",
            "0.500",
            "0.123,4",
            "1.2345",
            "1..000",
            "١٢",
            "１２",
            "1.000-",
            "9999999999999999",
            "1,5a",
            "NaN",
            "inf",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_whole_number_has_no_fraction() {
        assert_eq!(parse_whole("1.000"), Some(1000));
        assert_eq!(parse_whole("3,00"), Some(3));
        assert_eq!(parse_whole("3,5"), None);
    }
}
