use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

fn filter(text: &str) -> Result<Expr, Malformed> {
    let query = format!("$filter={}", utf8_percent_encode(text, NON_ALPHANUMERIC));
    Options::from_query(&query).map(|it| it.filter.unwrap())
}

/// The condition as it is printed after reading.
fn read(text: &str) -> String {
    filter(text).unwrap().to_string()
}

#[test]
fn and_binds_closer_than_or_and_not_closer_than_both() {
    assert_eq!(
        read("A eq 1 or B eq 2 and not contains(C,'x')"),
        "A eq 1 or (B eq 2 and not contains(C,'x'))"
    );
    assert_eq!(read("((TypeId eq 1))"), "TypeId eq 1");
}

#[test]
fn what_clients_send_can_be_read() {
    for text in [
        "Email eq 'ana.lima@example.com'",
        "contains(Name, 's') and OriginFieldFieldPathId eq null",
        "OtherProperties/any(o: o/FieldId eq 123 and (o/StringValue eq 'x'))",
        "OtherProperties/any(p: p/FieldKey eq 'contact_cf_123' and p/StringValue eq 'test')",
        "Phones/any(p: p/SearchPhoneNumber eq 5511900000000)",
        "not Phones/any()",
        "LastUpdateDate ge 2019-05-01T00:00:00-03:00",
        "LastUpdateDate ge 2019-05-01T00:00:00.123Z",
        "Id in (1,2,3) and State/Short eq 'SP'",
        "Name eq 'O''Brien'",
        "StatusId ne 4 and StatusId ne 5",
        "Dynamic eq true",
    ] {
        filter(text).unwrap();
    }
}

#[test]
fn a_plus_is_a_space_and_percent_2b_a_plus() {
    let read = |query| Options::from_query(query).unwrap().filter.unwrap().to_string();
    assert_eq!(read("$filter=Email+eq+'ana%2Bb@example.com'"), "Email eq 'ana+b@example.com'");
    assert_eq!(read("$filter=Email+eq+'ana+b@example.com'"), "Email eq 'ana b@example.com'");
}

#[test]
fn what_is_malformed_is_refused() {
    for text in [
        "",
        "Email eq",
        "Email eq 'x",
        "Email eq 'x' and",
        "(Email eq 'x'",
        "Email = 'x'",
        "Email eq 'x'' or Name eq 'y'",
        "tolower(Email) eq 'x'",
        "CreateDate ge 2019-05-01",
        "CreateDate ge 2019-05-01T00:00:00",
        "CreateDate ge 2019-05-01T00:00:00 03:00",
        "Id in ()",
        "not Id eq 1",
        "1 in (1)",
        "Phones/any(p p/Id eq 1)",
        "Phones/sum()",
        "null",
    ] {
        assert!(filter(text).is_err(), "{text}");
    }
    for query in ["$top=x", "$top=-1", "$search=a", "$top=1&$top=2", "$filter=%FF", "$expand=A("] {
        assert!(Options::from_query(query).is_err(), "{query}");
    }
}

#[test]
fn expand_nests_with_options_of_its_own() {
    let query = "$expand=Phones($select=PhoneNumber),Deals($select=Id,StatusId;$filter=StatusId \
                 eq 1 or Title eq 'a;b)';$orderby=CreateDate desc;$top=5;$expand=Owner($select=Id))";
    let options = Options::from_query(&query.replace(' ', "+")).unwrap();
    let [phones, deals] = options.expand.as_slice() else { panic!("two were asked for") };
    assert_eq!(phones.name, "Phones");
    assert_eq!(
        deals.options.select.as_deref(),
        Some(&["Id".to_owned(), "StatusId".to_owned()][..])
    );
    let filter = deals.options.filter.as_ref().unwrap().to_string();
    assert_eq!(filter, "StatusId eq 1 or Title eq 'a;b)'");
    assert!(deals.options.order[0].descending);
    assert_eq!(deals.options.top, Some(5));
    assert_eq!(deals.options.expand[0].name, "Owner");
}

#[test]
fn depth_is_bounded_and_length_is_not() {
    let deep = format!("{}Id eq 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(filter(&deep).is_err());
    assert!(filter(&format!("{}contains(A,'x')", "not ".repeat(10_000))).is_err());
    let expand = format!("$expand={}A{}", "A($expand=".repeat(10_000), ")".repeat(10_000));
    assert!(Options::from_query(&expand).is_err());
    let long = vec!["Id eq 1"; 10_000].join(" or ");
    assert!(matches!(filter(&long), Ok(Expr::Or(parts)) if parts.len() == 10_000));
}

fn literal() -> impl Strategy<Value = Literal> {
    let date = (0_i64..4_000_000_000_000, -12_i32..=12).prop_map(|(millis, hours)| {
        let offset = chrono::FixedOffset::east_opt(hours * 3600).unwrap();
        Literal::Date(
            chrono::DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&offset),
        )
    });
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(Literal::Int),
        (-1e9..1e9_f64).prop_map(Literal::Decimal),
        "\\PC*".prop_map(Literal::Text),
        date,
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let name = "[A-Z][A-Za-z0-9_]{0,6}";
    proptest::collection::vec(name, 1..3).prop_map(Path)
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![path().prop_map(Operand::Path), literal().prop_map(Operand::Literal)]
}

fn expr() -> impl Strategy<Value = Expr> {
    let operator = (0..6_usize).prop_map(|it| Operator::ALL[it]);
    let function = (0..3_usize).prop_map(|it| Function::ALL[it]);
    let leaf = prop_oneof![
        (operator, operand(), operand())
            .prop_map(|(it, left, right)| Expr::Compare(it, left, right)),
        (path(), proptest::collection::vec(literal(), 1..4))
            .prop_map(|(it, all)| Expr::In(it, all)),
        (function, operand(), operand()).prop_map(|(it, left, right)| Expr::Call(it, left, right)),
        path().prop_map(Expr::Exists),
        path().prop_map(Expr::Is),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        let lambda = (path(), "[a-h]", inner.clone(), any::<bool>());
        prop_oneof![
            several.clone().prop_map(Expr::And),
            several.prop_map(Expr::Or),
            inner.prop_map(|it| Expr::Not(Box::new(it))),
            lambda.prop_map(|(path, variable, body, all)| Expr::Lambda {
                path,
                variable,
                body: Box::new(body),
                all
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_that_is_printed_is_read_as_itself(expr in expr()) {
        prop_assert_eq!(filter(&expr.to_string()), Ok(expr));
    }

    #[test]
    fn no_query_makes_the_reader_panic(query in "\\PC*") {
        let _ = Options::from_query(&query);
    }

    #[test]
    fn no_mixture_of_words_makes_the_reader_panic(words in proptest::collection::vec(
        prop_oneof![
            Just("("), Just(")"), Just("not"), Just("and"), Just("or"), Just("eq"), Just("in"),
            Just("any("), Just("all("), Just("a:"), Just("a/B"), Just("'x'"), Just("'"), Just("1"),
            Just("-1"), Just("2019-05-01T00:00:00Z"), Just("contains("), Just(","), Just(";"),
            Just("$filter="), Just("$expand="), Just("$select="), Just("null"), Just("*"),
        ],
        0..30,
    )) {
        let text = words.join("+");
        for option in ["$filter", "$select", "$orderby", "$expand", "$top", "$count"] {
            let _ = Options::from_query(&format!("{option}={text}"));
        }
    }
}
