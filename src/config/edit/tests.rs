//! What an edit changes, what it leaves, and what it refuses.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
};

use super::*;
use crate::config::{EXAMPLE, MapRow, Source};

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

fn example() -> Edit {
    Edit::fresh(Path::new("config.toml"), EXAMPLE).expect("the example is TOML")
}

fn of(text: &str) -> Edit {
    Edit::fresh(Path::new("config.toml"), text).expect("it is TOML")
}

fn row(from: &str, to: &str) -> MapRow {
    MapRow { source: Source::From(from.to_owned()), to: to.to_owned(), required: false, line: None }
}

/// The lines that went and those that came, in order.
#[track_caller]
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count().min(most);
    let went = old[head..old.len() - tail].iter().map(|line| format!("-{line}\n"));
    let came = new[head..new.len() - tail].iter().map(|line| format!("+{line}\n"));
    went.chain(came).collect()
}

#[test]
fn a_value_is_set_where_it_stands() {
    let mut edit = example();
    edit.set(At::Section("ploomes"), "requests_per_minute", &60.into()).unwrap();
    assert_eq!(
        difference(EXAMPLE, edit.text()),
        "-requests_per_minute = 100\n+requests_per_minute = 60\n"
    );
    assert_eq!(edit.check(&none()).unwrap().config.ploomes.requests_per_minute, 60);
}

#[test]
fn the_comment_behind_a_value_stays() {
    let text = EXAMPLE.replace("enabled = true", "enabled   =  true   # since March");
    let mut edit = of(&text);
    edit.set(At::Route("site"), "enabled", &false.into()).unwrap();
    assert!(edit.text().contains("\nenabled   =  false   # since March\n"), "{}", edit.text());
}

#[test]
fn a_key_that_a_comment_shows_takes_its_line() {
    let mut edit = example();
    let key = "deal_11111111-2222-3333-4444-555555555555";
    edit.set(At::Section("ploomes"), "lead_key_field", &key.into()).unwrap();
    assert_eq!(
        difference(EXAMPLE, edit.text()),
        "-# lead_key_field = \"deal_00000000-0000-0000-0000-000000000000\"\n\
         +lead_key_field = \"deal_11111111-2222-3333-4444-555555555555\"\n"
    );
    assert_eq!(edit.check(&none()).unwrap().config.ploomes.lead_key_field.as_deref(), Some(key));
}

#[test]
fn a_text_that_looks_like_a_comment_is_left_alone() {
    let text = EXAMPLE.replace(
        "company_ignore = [",
        "note = \"\"\"\n# origin = \"nowhere\"\n\"\"\"\ncompany_ignore = [",
    );
    let text = text.replace("# origin = \"ActiveCampaign\"\n", "");
    let mut edit = of(&text);
    edit.set(At::Route("site"), "origin", &"Site".into()).unwrap();
    let route = edit.check(&none()).unwrap().config.routes.remove(0);
    assert_eq!(route.origin.as_deref(), Some("Site"));
    assert_eq!(route.note.as_deref(), Some("# origin = \"nowhere\"\n"));
}

#[test]
fn a_key_without_a_place_comes_after_the_others_of_its_section() {
    let text = "# mine\n[ploomes]\nuser_key = \"k\" # that one\n\n# next\n[ledger]\npath = \"a\"";
    let mut edit = of(text);
    edit.set(At::Section("ploomes"), "settle", &"1m".into()).unwrap();
    edit.set(At::Section("ledger"), "keep_payloads", &"9d".into()).unwrap();
    edit.set(At::Section("admin"), "language", &"en".into()).unwrap();
    assert_eq!(
        edit.text(),
        "# mine\n[ploomes]\nuser_key = \"k\" # that one\nsettle = \"1m\"\n\n# next\n[ledger]\n\
         path = \"a\"\nkeep_payloads = \"9d\"\n\n[admin]\nlanguage = \"en\"\n"
    );
}

#[test]
fn inline_and_dotted_sections_can_be_set_too() {
    let mut edit = of("ploomes = { user_key = \"k\" }\nledger.path = \"a\" # here\n");
    edit.set(At::Section("ploomes"), "user_key", &"l".into()).unwrap();
    edit.set(At::Section("ploomes"), "settle", &"1m".into()).unwrap();
    edit.set(At::Section("ledger"), "path", &"b".into()).unwrap();
    edit.set(At::Section("ledger"), "keep_payloads", &"9d".into()).unwrap();
    let read: toml::Table = edit.text().parse().unwrap();
    let expected: toml::Table = "[ploomes]\nuser_key = \"l\"\nsettle = \"1m\"\n[ledger]\npath = \
                                 \"b\"\nkeep_payloads = \"9d\""
        .parse()
        .unwrap();
    assert_eq!(read, expected);
    assert!(edit.text().contains("# here"));
}

#[test]
fn a_key_that_is_taken_out_stays_as_a_comment_and_comes_back_to_its_line() {
    let mut edit = example();
    let owners = Setting::List(vec!["ana@example.com".into(), 7.into()]);
    edit.set(At::Route("site"), "owner", &owners).unwrap();
    assert_eq!(edit.check(&none()).unwrap().config.routes[0].owner.len(), 2);
    edit.unset(At::Route("site"), "owner").unwrap();
    assert!(edit.text().contains("\n# owner = [\"ana@example.com\", 7]\n"), "{}", edit.text());
    assert!(edit.check(&none()).unwrap().config.routes[0].owner.is_empty());
    edit.set(At::Route("site"), "owner", &"ana@example.com".into()).unwrap();
    edit.unset(At::Route("site"), "owner").unwrap();
    assert_eq!(difference(EXAMPLE, edit.text()), "");
}

#[test]
fn of_a_secret_that_is_taken_out_nothing_is_left() {
    let mut edit = example();
    let token = "hidden-0123456789";
    edit.set(At::Route("site"), "webhook_token_previous", &token.into()).unwrap();
    assert!(edit.text().contains(token));
    edit.unset(At::Route("site"), "webhook_token_previous").unwrap();
    assert!(!edit.text().contains("hidden"), "{}", edit.text());
    assert!(edit.check(&none()).unwrap().config.routes[0].webhook_token_previous.is_none());
}

#[test]
fn a_map_is_replaced_and_rows_that_stay_keep_their_comments() {
    let mut edit = example();
    let mut rows = edit.check(&none()).unwrap().config.routes.remove(0).map;
    rows.swap(3, 1);
    rows.retain(|row| row.to != "person.Phones");
    rows[1].required = true;
    rows.push(row("field.CPF", "person.CPF"));
    edit.set_map("site", &rows).unwrap();
    let read = edit.check(&none()).unwrap().config.routes.remove(0).map;
    let without_lines = |rows: Vec<MapRow>| -> Vec<MapRow> {
        rows.into_iter().map(|row| MapRow { line: None, ..row }).collect()
    };
    assert_eq!(without_lines(read), without_lines(rows));
    for said in ["# The field map. Without any row", "# The name of the contact's account"] {
        assert!(edit.text().contains(said), "{said}");
    }
    let start = EXAMPLE.find("[[route.map]]").unwrap();
    assert!(edit.text().starts_with(&EXAMPLE[..start]));
    insta::assert_snapshot!(&edit.text()[start..]);
}

#[test]
fn each_route_has_its_own_map_and_keys() {
    let mut edit = example();
    let settings = [
        ("webhook_token", Setting::from("hidden-0123456789")),
        ("tag", "Lead".into()),
        ("create", "company-person".into()),
    ];
    let rows = [row("full_name", "person.Name"), row("company", "company.Name")];
    edit.add_route("feira", &settings, &rows).unwrap();
    edit.set_map("site", &[]).unwrap();
    edit.set(At::Route("feira"), "existing", &"leave".into()).unwrap();
    edit.set(At::Route("site"), "existing", &"overwrite".into()).unwrap();
    let routes = edit.check(&none()).unwrap().config.routes;
    assert_eq!((routes[0].map.len(), routes[1].map.len()), (5, 2));
    assert_eq!(routes[0].existing, crate::domain::Existing::Overwrite);
    assert_eq!(routes[1].existing, crate::domain::Existing::Leave);
    assert_eq!(routes[1].name, "feira");
    let shown = edit.route_text("feira").unwrap();
    assert!(!shown.contains("hidden"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_route_is_shown_alone() {
    let mut edit = example();
    edit.add_route("feira", &[("tag", "Lead".into())], &[]).unwrap();
    let shown = edit.route_text("site").unwrap();
    assert!(
        shown.starts_with("[[route]]\n") && shown.ends_with("to = \"deal.Title\"\n"),
        "{shown}"
    );
    assert!(!shown.contains("your-token"), "{shown}");
    assert!(matches!(edit.route_text("loja"), Err(EditError::NoRoute { .. })));
}

#[test]
fn what_the_reader_refuses_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, EXAMPLE).unwrap();
    let mut edit = Edit::open(&path).unwrap();
    edit.set(At::Section("schedule"), "poll", &"* * *".into()).unwrap();
    let refused = edit.save(&none()).unwrap_err().to_string();
    assert!(refused.contains("schedule.poll"), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), EXAMPLE);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_is_replaced_whole_and_keeps_mode_owner_and_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("real.toml"), folder.path().join("config.toml"));
    fs::write(&path, EXAMPLE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", &link).unwrap();
    let was = fs::metadata(&path).unwrap();
    let mut edit = Edit::open(&link).unwrap();
    edit.set(At::Section("admin"), "language", &"en".into()).unwrap();
    edit.save(&none()).unwrap();
    let is = fs::metadata(&path).unwrap();
    assert_eq!((is.mode(), is.uid(), is.gid()), (was.mode(), was.uid(), was.gid()));
    assert_ne!(is.ino(), was.ino());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), edit.text());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // What was saved is the file now: the same edit goes on.
    edit.set(At::Section("admin"), "language", &"pt-BR".into()).unwrap();
    edit.save(&none()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), EXAMPLE);
}

#[test]
fn a_new_file_is_its_owners_alone_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let mut edit = Edit::fresh(&path, EXAMPLE).unwrap();
    edit.save(&none()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = Edit::fresh(&path, EXAMPLE).unwrap().save(&none());
    assert!(matches!(again, Err(EditError::Changed { .. })), "{again:?}");
}

#[test]
fn a_file_that_somebody_changed_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, EXAMPLE).unwrap();
    let mut edit = Edit::open(&path).unwrap();
    edit.set(At::Route("site"), "enabled", &false.into()).unwrap();
    let theirs = format!("{EXAMPLE}\n# theirs\n");
    fs::write(&path, &theirs).unwrap();
    assert!(matches!(edit.save(&none()), Err(EditError::Changed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
}

#[test]
fn a_key_that_the_environment_sets_is_refused_by_the_variables_name() {
    let mut edit = example();
    edit.set(At::Route("site"), "enabled", &false.into()).unwrap();
    let variable = ("PONTE_ROUTE__SITE__ENABLED".to_owned(), "true".to_owned());
    let refused = edit.save(&BTreeMap::from([variable])).unwrap_err().to_string();
    assert!(refused.contains("PONTE_ROUTE__SITE__ENABLED"), "{refused}");
}

#[test]
fn no_message_and_no_debug_holds_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[ploomes]\nuser_key = \"hidden\"\"\n").unwrap();
    let error = Edit::open(&path).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    let mut edit = example();
    edit.set(At::Section("ploomes"), "user_key", &"hidden\u{7}".into()).unwrap();
    let refused = edit.check(&none()).unwrap_err();
    for said in [format!("{error}{error:?}"), format!("{refused}{refused:?}{edit:?}")] {
        assert!(!said.contains("hidden"), "{said}");
    }
    assert_eq!(format!("{:?}", Setting::from("hidden")), "Text(…)");
}
