use proptest::prelude::*;

use super::{
    super::{odata::Options, schema::Table},
    *,
};

/// Texts that differ in what the collation looks away from, or really.
fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("ana"),
        Just("Ana"),
        Just("ANÁ "),
        Just("ána"),
        Just("bia"),
        Just(" ana"),
        Just("11"),
    ]
}

fn contact() -> impl Strategy<Value = Value> {
    (text(), proptest::option::of(text()), proptest::collection::vec(1_i64..4, 0..3)).prop_map(
        |(name, email, phones)| {
            let phones: Vec<_> =
                phones.iter().map(|it| json!({"PhoneNumber": format!("({it})")})).collect();
            json!({"Name": name, "Email": email, "TypeId": 2, "Phones": phones})
        },
    )
}

/// Conditions that indexes answer, alone and mixed with some that they cannot.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text().prop_map(|it| format!("Email eq '{it}'")),
        text().prop_map(|it| format!("Name in ('{it}','bia')")),
        (1_i64..4).prop_map(|it| format!("Phones/any(p: p/SearchPhoneNumber eq {it})")),
        (1_i64..4).prop_map(|it| format!(
            "Phones/any(p: p/SearchPhoneNumber eq {it} and contains(p/PhoneNumber,'{it}'))"
        )),
        (40_000_101_i64..40_000_110).prop_map(|it| format!("Id eq {it}")),
        Just("Email eq null".to_owned()),
        Just("Phones/any()".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(|it| format!("({})", it.join(" and "))),
            several.prop_map(|it| format!("({})", it.join(" or "))),
            inner.prop_map(|it| format!("not ({it})")),
        ]
    })
}

proptest! {
    #[test]
    fn a_search_by_index_finds_what_a_look_at_all_finds(
        contacts in proptest::collection::vec(contact(), 0..8),
        edits in proptest::collection::vec((0_usize..8, contact()), 0..4),
        condition in condition(),
        case_sensitive: bool,
    ) {
        let switches = Switches { case_sensitive, ..Switches::default() };
        let service = Ploomes::new(Clock::system(), 1, KEY, switches);
        let ids: Vec<i64> = contacts.iter().map(|it| service.add_contact(it).unwrap()).collect();
        for (at, edit) in &edits {
            if let Some(id) = ids.get(*at) {
                service.edit_contact(*id, edit).unwrap();
            }
        }
        let query = format!("$filter={}", utf8_percent_encode(&condition, NON_ALPHANUMERIC));
        let options = Options::from_query(&query).unwrap();
        let state = service.lock();
        let reader = state.account.reader(start());
        let found: Vec<_> =
            reader.search(Table::Contacts, &options).iter().map(|it| it.id_of("Id")).collect();
        let filter = options.filter.as_ref().unwrap();
        let all = state.account.store.rows(Table::Contacts, start());
        let expected: Vec<_> =
            all.filter(|it| reader.finds(filter, *it)).map(|it| it.id_of("Id")).collect();
        prop_assert_eq!(found, expected);
    }
}
