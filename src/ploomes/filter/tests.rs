use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn text(filter: &Filter) -> &str {
    filter.as_str()
}

/// Reads a quoted literal as a server does: its text, and what comes after it.
fn read(quoted: &str) -> Option<(String, &str)> {
    let mut rest = quoted.strip_prefix('\'')?;
    let mut text = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some((text, after)),
        }
    }
}

#[test]
fn every_kind_of_value_is_spelled_as_odata_wants_it() {
    let time = Utc.with_ymd_and_hms(2026, 1, 15, 21, 15, 1).unwrap();
    assert_eq!(text(&Filter::eq("Email", "o'x'@example.com")), "Email eq 'o''x''@example.com'");
    assert_eq!(text(&Filter::eq("Id", RecordId(40_000_101))), "Id eq 40000101");
    assert_eq!(text(&Filter::eq("Dynamic", true)), "Dynamic eq true");
    assert_eq!(text(&Filter::ge("CreateDate", time)), "CreateDate ge 2026-01-15T21:15:01Z");
    let later = time + chrono::TimeDelta::nanoseconds(130_999_999);
    assert_eq!(text(&Filter::ge("CreateDate", later)), "CreateDate ge 2026-01-15T21:15:01.130Z");
    assert_eq!(
        text(&Filter::any("Phones", "SearchPhoneNumber", 5_511_900_000_000)),
        "Phones/any(p: p/SearchPhoneNumber eq 5511900000000)"
    );
}

#[test]
fn one_value_needs_no_list_and_no_value_is_no_condition() {
    assert_eq!(Filter::one_of("Id", [1, 2]).as_ref().map(text), Some("Id in (1,2)"));
    assert_eq!(Filter::one_of("Id", [1]).as_ref().map(text), Some("Id eq 1"));
    assert_eq!(Filter::one_of::<i64>("Id", []), None);
    assert_eq!(Filter::or([]), None);
}

#[test]
fn what_is_joined_stands_in_brackets() {
    let either = Filter::or([Filter::eq("A", 1), Filter::eq("B", 2)]);
    let both = Filter::and(either.into_iter().chain([Filter::eq("C", 3)]));
    assert_eq!(both.as_ref().map(text), Some("((A eq 1 or B eq 2) and C eq 3)"));
}

#[test]
fn a_condition_is_not_shown() {
    assert_eq!(format!("{:?}", Filter::eq("Email", "ana@example.com")), "Filter(…)");
}

proptest! {
    #[test]
    fn any_text_is_read_back_and_ends_at_the_last_quote(value in "\\PC*|['a +&#%\\\\\n]{0,20}") {
        let filter = Filter::eq("Name", value.as_str());
        let quoted = text(&filter).strip_prefix("Name eq ").unwrap();
        prop_assert_eq!(read(quoted), Some((value, "")));
    }

    #[test]
    fn no_text_ends_the_list_it_stands_in(values in prop::collection::vec("['(),a ]{0,8}", 2..5)) {
        let filter = Filter::one_of("Name", values.iter().map(String::as_str)).unwrap();
        let mut rest = text(&filter).strip_prefix("Name in (").unwrap();
        for (at, value) in values.iter().enumerate() {
            let (read, after) = read(rest).unwrap();
            prop_assert_eq!(&read, value);
            rest = after.strip_prefix(if at + 1 < values.len() { ',' } else { ')' }).unwrap();
        }
        prop_assert_eq!(rest, "");
    }
}
