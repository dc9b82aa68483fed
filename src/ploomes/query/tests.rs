use proptest::prelude::*;

use super::*;

fn contacts(filter: &Filter) -> Query {
    Query::of("/Contacts").filter(Some(filter))
}

#[test]
fn what_could_mean_something_else_is_encoded() {
    let filter = Filter::eq("Email", "joão+b&c#d'e=f;g%h@example.com");
    assert_eq!(
        contacts(&filter).target(),
        "/Contacts?$filter=Email%20eq%20%27jo%C3%A3o%2Bb%26c%23d%27%27e%3Df%3Bg%25h%40example.com%27"
    );
}

#[test]
fn options_of_expanded_collections_nest() {
    let inner = Expand::of("OptionsTable").expand(&[Expand::of("Options").select(&["Id", "Name"])]);
    let deals = Expand::of("Deals").select(&["Id"]).filter(&Filter::eq("StatusId", 1));
    let expands = [inner, deals, Expand::of("Type")];
    assert_eq!(
        written(&expands),
        "OptionsTable($expand=Options($select=Id,Name)),Deals($select=Id;$filter=StatusId eq 1),Type"
    );
    let query = Query::of("/Deals@Pipelines").expand(&expands[1..]).order_by("Id desc").top(5);
    assert_eq!(
        query.skip(10).target(),
        "/Deals@Pipelines?$expand=Deals($select%3DId%3B$filter%3DStatusId%20eq%201),Type\
         &$orderby=Id%20desc&$top=5&$skip=10"
    );
}

#[test]
fn a_link_is_followed_on_our_own_path_only() {
    let query = Query::of("/Contacts");
    let followed = [
        "https://public6-api2.ploomes.com/Contacts?$skip=300",
        "https://PLOOMES.com/Contacts?$skip=300",
        "http://127.0.0.1:8082/Contacts?$skip=300",
        "/Contacts?$skip=300",
        "Contacts?$skip=300#x",
    ];
    for link in followed {
        assert_eq!(query.follow(link).as_deref(), Some("/Contacts?$skip=300"), "{link}");
    }
    let refused = [
        "https://example.com/Contacts?$skip=300",
        "https://ploomes.com.example.com/Contacts?$skip=300",
        "https://notploomes.com/Contacts?$skip=300",
        "https://api2.ploomes.com@example.com/Contacts?$skip=300",
        "//example.com/Contacts?$skip=300",
        "https://api2.ploomes.com/Users?$skip=300",
        "https://api2.ploomes.com/MyContacts?$skip=300",
        "https://api2.ploomes.com/Contacts",
        "javascript:alert(1)",
        "https://",
    ];
    for link in refused {
        assert_eq!(query.follow(link), None, "{link}");
    }
}

#[test]
fn a_link_that_is_not_encoded_is_encoded() {
    let link = "https://api2.ploomes.com/Contacts?$filter=Name eq 'São'&$skip=300";
    assert_eq!(
        Query::of("/Contacts").follow(link).as_deref(),
        Some("/Contacts?$filter=Name%20eq%20%27S%C3%A3o%27&$skip=300")
    );
}

proptest! {
    #[test]
    fn any_value_comes_back_whole_and_alone(value in "\\PC*|[+&#;=%'\" \n]{0,20}") {
        let filter = Filter::eq("Name", value.as_str());
        let target = contacts(&filter).top(300).target();
        prop_assert!(target.bytes().all(|it| it.is_ascii_graphic()));
        // As a form and as a URI alike.
        let (_, query) = target.split_once('?').unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let expected = format!("Name eq '{}'", value.replace('\'', "''"));
        prop_assert_eq!(pairs.len(), 2);
        prop_assert_eq!(&pairs[0].1, &expected);
        let raw = query.split('&').next().unwrap().strip_prefix("$filter=").unwrap();
        let decoded = percent_encoding::percent_decode_str(raw).decode_utf8().unwrap();
        prop_assert_eq!(decoded, expected);
        let uri = format!("https://api2.ploomes.com{target}");
        prop_assert!(uri.parse::<http::Uri>().is_ok());
    }
}
