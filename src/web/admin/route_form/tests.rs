//! What a form changes in the file, and what it leaves.

use std::{collections::BTreeMap, path::Path};

use super::*;
use crate::config::EXAMPLE;

fn opened() -> (Edit, Draft, Vec<MapRow>) {
    open(EXAMPLE)
}

fn open(text: &str) -> (Edit, Draft, Vec<MapRow>) {
    let edit = Edit::fresh(Path::new("config.toml"), text).unwrap();
    let route = edit.check(&BTreeMap::new()).unwrap().config.routes.remove(0);
    (edit, Draft::of(&route), route.map)
}

#[test]
fn a_form_that_nobody_changed_changes_nothing() {
    let (mut edit, draft, map) = opened();
    draft.write(&mut edit, "site", (&draft, &map)).unwrap();
    assert_eq!(edit.text(), EXAMPLE);
}

#[test]
fn a_row_that_nobody_touched_stays_as_it_stands_in_the_file() {
    let odd = "[[route.map]]\ntemplate = \"Lead do site\"\nto = \"deal.Title\"\n\n\
               [[route.map]]\ntemplate = \"\"\"\n{{ full_name }}\nde {{ company }}\"\"\"\n\
               to = \"company.Name\"\n\n\
               [[route.map]]\nfrom = \"full_name\"\nto = \"person.Name\"\n";
    let (before, _) = EXAMPLE.split_once("[[route.map]]").unwrap();
    let text = format!("{before}{odd}").replace(
        "# note = \"Entrou por {{ automation.name }}\"",
        "note = \"\"\"Entrou\npor aqui\"\"\"",
    );
    assert!(text.contains("por aqui"));
    // As a browser sends it back.
    let sent = |draft: &Draft| {
        let rows = draft.rows.iter();
        let rows = rows.map(|it| DraftRow { from: in_a_field(&it.from), ..it.clone() });
        let note = in_a_field(&draft.note);
        Draft { rows: rows.collect(), note, ..draft.clone() }
    };
    let (mut edit, was, map) = open(&text);
    assert_eq!(map.len(), 3, "{text}");
    let draft = sent(&was);
    assert_ne!(draft, was, "the template has line ends");
    draft.write(&mut edit, "site", (&was, &map)).unwrap();
    assert_eq!(edit.text(), text);

    // Nor where another row is new, one is required now, and one went.
    let mut draft = sent(&was);
    draft.rows[0].required = true;
    draft.rows[2].to = "person.Email".to_owned();
    draft.rows.push(DraftRow {
        from: "full_name".to_owned(),
        to: "person.Name".to_owned(),
        required: false,
    });
    draft.write(&mut edit, "site", (&was, &map)).unwrap();
    let route = edit.check(&BTreeMap::new()).unwrap().config.routes.remove(0);
    let sources: Vec<_> = route.map.iter().map(|it| it.source.clone()).collect();
    let name = || Source::From("full_name".to_owned());
    assert_eq!(sources, [map[0].source.clone(), map[1].source.clone(), name(), name()]);
    assert!(route.map[0].required);
}

#[test]
fn what_was_filled_in_is_what_is_read_again() {
    let (mut edit, was, map) = opened();
    let row = |from: &str, to: &str, required| DraftRow {
        from: from.to_owned(),
        to: to.to_owned(),
        required,
    };
    let draft = Draft {
        enabled: false,
        member: "tag".to_owned(),
        member_of: "Lead".to_owned(),
        since: "2026-02-03".to_owned(),
        expect_within: "90s".to_owned(),
        create: "person-deal".to_owned(),
        pipeline: "77".to_owned(),
        stage: "Novo".to_owned(),
        guard: false,
        existing: "leave".to_owned(),
        owner: "ana@example.com, 7".to_owned(),
        origin: "Site".to_owned(),
        tags: "lead, quente".to_owned(),
        note: "Entrou por {{ automation.name }}".to_owned(),
        rows: vec![
            row("full_name", "person.Name", false),
            row("field.CPF", "person.CPF", true),
            row("{{ full_name }} - site", "deal.Title", false),
        ],
    };
    draft.write(&mut edit, "site", (&was, &map)).unwrap();
    let config = edit.check(&BTreeMap::new()).unwrap().config;
    assert_eq!(Draft::of(&config.routes[0]), draft);
    assert!(edit.text().contains("# Part of the key of each of its leads."));
}

#[test]
fn one_key_says_which_contacts_belong() {
    let (edit, was, map) = opened();
    for (member, member_of) in
        [("list", "3"), ("automation", "14"), ("every_contact", ""), ("tag", "a, b")]
    {
        let draft =
            Draft { member: member.to_owned(), member_of: member_of.to_owned(), ..was.clone() };
        let mut edit = edit.clone();
        draft.write(&mut edit, "site", (&was, &map)).unwrap();
        let config = edit.check(&BTreeMap::new()).unwrap().config;
        assert_eq!(Draft::of(&config.routes[0]), draft);
    }
    let none = Draft { member_of: String::new(), ..was.clone() };
    let mut edit = edit.clone();
    none.write(&mut edit, "site", (&was, &map)).unwrap();
    assert!(edit.check(&BTreeMap::new()).is_err());
}

#[test]
fn an_emptied_field_is_taken_out() {
    let (mut edit, was, map) = opened();
    let with = Draft { origin: "Site".to_owned(), ..was.clone() };
    with.write(&mut edit, "site", (&was, &map)).unwrap();
    was.write(&mut edit, "site", (&with, &map)).unwrap();
    let config = edit.check(&BTreeMap::new()).unwrap().config;
    assert_eq!(config.routes[0].origin, None);
}
