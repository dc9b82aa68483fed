use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn e164(text: &str) -> Option<String> {
    Phone::read(text).e164
}

#[test]
fn a_number_is_recognised_however_it_is_typed() {
    for typed in [
        "11 98765-4321",
        "(11) 98765-4321",
        "11987654321",
        "011 98765 4321",
        "+55 11 98765-4321",
        "+55 (0) 11 98765-4321",
        "55 11 987654321",
        "0055 11 98765 4321",
        "0 21 11 98765-4321",
        "(+55) 11 98765.4321",
        " tel: 11 98765-4321 ",
        "11 98765-4321 ramal 12",
        "11 98765-4321 / 11 3333-4444",
        // As it was dialled until 2016.
        "11 8765-4321",
        "+55 11 8765-4321",
    ] {
        let phone = Phone::read(typed);
        assert_eq!(phone.e164.as_deref(), Some("+5511987654321"), "{typed}");
        assert_eq!(phone.country_id, Some(76), "{typed}");
        assert_eq!(phone.raw, typed.trim(), "{typed}");
        let stored = [5_511_987_654_321, 11_987_654_321, 551_187_654_321, 1_187_654_321];
        assert!(phone.keys.starts_with(&stored), "{typed}: {:?}", phone.keys);
    }
}

#[test]
fn a_landline_has_no_ninth_digit() {
    let phone = Phone::read("(51) 3333-4444");
    assert_eq!(phone.e164.as_deref(), Some("+555133334444"));
    assert_eq!(phone.keys, [555_133_334_444, 5_133_334_444]);
}

#[test]
fn a_mobile_is_not_stored_as_the_landline_that_its_end_looks_like() {
    let mobile = Phone::read("11 93333-4444");
    assert_eq!(mobile.keys, [5_511_933_334_444, 11_933_334_444]);
    let landline = Phone::read("11 3333-4444");
    assert!(landline.keys.iter().all(|key| !mobile.keys.contains(key)));
}

#[test]
fn the_area_55_is_told_from_the_country() {
    assert_eq!(e164("55 99876-5432").as_deref(), Some("+5555998765432"));
    assert_eq!(e164("55 3221-4444").as_deref(), Some("+555532214444"));
    assert_eq!(e164("+55 55 99876-5432").as_deref(), Some("+5555998765432"));
    assert_eq!(e164("+55 99876-5432"), None, "no area code");
}

#[test]
fn what_is_typed_with_a_carrier_can_be_found_as_it_was_typed() {
    let phone = Phone::read("0 21 11 98765-4321");
    assert_eq!(phone.keys.last(), Some(&2_111_987_654_321));
}

#[test]
fn a_number_of_another_country_keeps_its_own_code() {
    let phone = Phone::read("+351 912 345 678");
    assert_eq!(phone.e164.as_deref(), Some("+351912345678"));
    assert_eq!((phone.country_id, phone.keys.as_slice()), (None, &[351_912_345_678][..]));
    assert_eq!(e164("+1 (202) 555-0143").as_deref(), Some("+12025550143"));
}

#[test]
fn what_is_no_number_is_kept_as_it_was_typed() {
    for (typed, keys) in [
        ("98765-4321", vec![987_654_321]),
        ("(20) 98765-4321", vec![20_987_654_321]),
        ("11 1234-5678", vec![1_112_345_678]),
        ("0800 123 4567", vec![8_001_234_567]),
        ("+999 12345678", vec![99_912_345_678]),
        ("123", vec![]),
        ("ana@example.com", vec![]),
        ("não tem", vec![]),
        ("１１９８７６５４３２１", vec![]),
        ("1234567890123456789", vec![]),
    ] {
        let (phone, remark) = parse(typed);
        assert_eq!((phone.e164.as_deref(), phone.country_id), (None, None), "{typed}");
        assert_eq!(phone.raw, typed);
        assert_eq!(phone.keys, keys, "{typed}");
        assert_eq!(remark, Some(NO_NUMBER), "{typed}");
    }
}

#[test]
fn the_national_rules_are_those_of_the_general_tables() {
    let general = |digits: &str| {
        let number = phonenumber::parse(Some(phonenumber::country::BR), digits).ok()?;
        number.is_valid().then(|| number.format().mode(phonenumber::Mode::E164).to_string())
    };
    for area in 0..100 {
        for number in ["912345678", "987654321", "22345678", "33334444", "55556666", "12345678"] {
            let digits = format!("{area:02}{number}");
            // No area has a 0, where the tables have trunk prefixes and services; and without a
            // `+` they take the area 55 for the country.
            if area > 10 && area % 10 != 0 && area != 55 {
                assert_eq!(e164(&digits), general(&digits), "{digits}");
            }
        }
    }
}

/// A number as it is dialled today: a mobile that had eight digits, a new one, or a landline.
fn number() -> impl Strategy<Value = String> {
    let area =
        prop::sample::select(vec!["11", "21", "27", "31", "38", "47", "51", "55", "79", "99"]);
    (area, "9[6-9][0-9]{7}|9[2-5][0-9]{7}|[2-5][0-9]{7}")
        .prop_map(|(area, rest)| area.to_owned() + &rest)
}

/// The ways people type a number.
fn typings(number: &str) -> Vec<String> {
    let (area, rest) = number.split_at(2);
    let (head, tail) = rest.split_at(rest.len() - 4);
    let mut ways = vec![
        number.to_owned(),
        format!("0{number}"),
        format!("({area}) {head}-{tail}"),
        format!("+55 {area} {rest}"),
        format!("55{number}"),
        format!("0 15 {area} {head} {tail}"),
    ];
    if let Some(old) = rest.strip_prefix('9').filter(|old| old.len() == 8 && *old >= "6") {
        ways.extend([format!("{area} {old}"), format!("+55{area}{old}")]);
    }
    ways
}

proptest! {
    #[test]
    fn one_number_typed_in_two_ways_shares_its_keys(number in number()) {
        let ways: Vec<Phone> = typings(&number).iter().map(|it| Phone::read(it)).collect();
        for way in &ways {
            prop_assert_eq!(way.e164.clone(), Some(format!("+55{number}")), "{}", way.raw);
            // Whichever of them Ploomes holds, each of them finds it.
            for stored in &ways {
                prop_assert!(stored.keys.iter().any(|key| way.keys.contains(key)));
            }
            let digits: String = way.raw.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(way.keys.contains(&digits.parse().unwrap()));
        }
    }

    #[test]
    fn two_numbers_share_no_key(one in number(), other in number()) {
        prop_assume!(one != other);
        let keys = |number: &str| -> BTreeSet<i64> {
            typings(number).iter().flat_map(|it| Phone::read(it).keys).collect()
        };
        prop_assert!(keys(&one).is_disjoint(&keys(&other)));
    }

    #[test]
    fn any_text_is_kept_and_read_without_a_panic(text in ".{0,60}") {
        prop_assert_eq!(Phone::read(&text).raw, text.trim());
    }

    #[test]
    fn text_that_looks_like_a_number_is_read_without_a_panic(text in "[+0-9 ()./x-]{0,40}") {
        prop_assert_eq!(Phone::read(&text).raw, text.trim());
    }
}
