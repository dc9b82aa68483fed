mod refusals;

use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::{
    domain::{Behaviour, ContactId, FieldId, FieldValue},
    rules::{
        MapRow, RouteSpec, compile,
        fixture::{catalog, fields, from, route, template},
        value::tests::{cnpj_of, cpf_of},
    },
};

fn contact() -> Contact {
    Contact {
        id: ContactId(7),
        email: " Ana.Lima@Example.com ".to_owned(),
        first_name: " Ana  Maria ".to_owned(),
        last_name: "Lima".to_owned(),
        phone: "(11) 98765-4321".to_owned(),
        company: " Padaria Exemplo Ltda ".to_owned(),
        tags: vec!["Lead site".to_owned(), "Orçamento".to_owned()],
        fields: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

fn with(values: &[(&str, &str)]) -> Contact {
    let value = |(perstag, value): &(&str, &str)| FieldValue {
        id: fields().iter().find(|it| it.perstag == *perstag).map_or(FieldId(0), |it| it.id),
        perstag: (*perstag).to_owned(),
        value: (*value).to_owned(),
    };
    Contact { fields: values.iter().map(value).collect(), ..contact() }
}

fn rules(spec: &RouteSpec) -> Rules {
    compile(spec, &catalog(), &fields()).expect("it compiles").0
}

fn mapped(map: Vec<MapRow>, contact: &Contact) -> Derived {
    rules(&RouteSpec { map, ..route() }).derive(contact, "Boas-vindas")
}

/// The values of a field, as slot and value.
fn items(values: &Values, key: &str) -> Vec<(String, Value)> {
    let items = values.other.get(key).cloned().unwrap_or_default();
    items.into_iter().map(|item| (item.slot, item.value)).collect()
}

#[test]
fn the_default_map_gives_person_company_and_deal() {
    let derived = rules(&route()).derive(&contact(), "");
    let person = json!({"Email": "ana.lima@example.com", "Name": "Ana Maria Lima"});
    assert_eq!(json!(derived.person.native), person);
    assert_eq!(derived.person.phones[0].e164.as_deref(), Some("+5511987654321"));
    let company = derived.company.expect("it has a name");
    assert_eq!(json!(company.native), json!({"Name": "Padaria Exemplo Ltda"}));
    let deal = derived.deal.expect("the route creates deals");
    assert_eq!(json!(deal.native), json!({"Title": "Ana Maria Lima"}));
    assert_eq!((derived.no_company, derived.failure, derived.note), (None, None, None));
    assert!(derived.warnings.is_empty());
}

#[test]
fn a_record_that_the_route_does_not_create_has_no_values() {
    let of = |create| rules(&RouteSpec { create, ..route() }).derive(&contact(), "");
    let person_deal = of(Behaviour::PersonDeal);
    assert!(person_deal.company.is_none() && person_deal.no_company.is_none());
    assert!(of(Behaviour::CompanyPerson).deal.is_none());
}

#[test]
fn a_contact_without_a_name_goes_by_its_address_and_then_by_what_it_has() {
    let nameless = Contact { first_name: " ".to_owned(), last_name: String::new(), ..contact() };
    let derived = rules(&route()).derive(&nameless, "");
    assert_eq!(derived.person.text("Name"), "ana.lima@example.com");
    assert_eq!(derived.deal.expect("there is one").text("Title"), "ana.lima@example.com");

    let phone_only = Contact { email: String::new(), ..nameless.clone() };
    assert_eq!(rules(&route()).derive(&phone_only, "").person.text("Name"), "(11) 98765-4321");
    let nothing = Contact { phone: String::new(), ..phone_only };
    assert_eq!(rules(&route()).derive(&nothing, "").person.text("Name"), "ActiveCampaign 7");
}

#[test]
fn a_title_that_comes_out_empty_is_the_persons_name() {
    let map = vec![from("first_name", "person.Name"), template("{{ field.CPF }}", "deal.Title")];
    let derived = mapped(map, &contact());
    assert_eq!(derived.deal.expect("there is one").text("Title"), "Ana Maria Lima");
}

#[test]
fn a_company_that_says_nothing_is_none() {
    let of = |company: &str| {
        rules(&route()).derive(&Contact { company: company.to_owned(), ..contact() }, "")
    };
    for (company, reason) in [
        ("", "the contact has no company name"),
        ("  ", "the contact has no company name"),
        ("-", "the contact's company name says nothing"),
        (" AUTONOMO ", "the contact's company name says nothing"),
    ] {
        let derived = of(company);
        assert!(derived.company.is_none(), "{company}");
        assert_eq!(derived.no_company.as_deref(), Some(reason), "{company}");
        assert!(derived.warnings.is_empty());
    }
}

#[test]
fn a_company_that_says_nothing_counts_as_empty_wherever_it_comes_from() {
    let map = vec![
        from("field.TEXTO", "company.Name"),
        from("field.CPF", "company.CNPJ"),
        template("{{ company or full_name }} - site", "deal.Title"),
    ];
    let contact =
        Contact { company: "-".to_owned(), ..with(&[("TEXTO", "autônomo"), ("CPF", "1")]) };
    let derived = mapped(map, &contact);
    assert!(derived.company.is_none());
    let reason = Some("the contact's company name says nothing");
    assert_eq!(derived.no_company.as_deref(), reason);
    assert_eq!(derived.deal.expect("there is one").text("Title"), "Ana Maria Lima - site");
}

#[test]
fn documents_are_plain_in_their_own_fields_and_untouched_in_custom_ones() {
    let cpf = cpf_of("001234567");
    let typed = format!("{}.{}.{}-{}", &cpf[..3], &cpf[3..6], &cpf[6..9], &cpf[9..]);
    let cnpj = cnpj_of("12ABC34501DE");
    let map = vec![
        from("field.CPF", "person.CPF"),
        from("field.CPF", "person.contact_short"),
        from("field.CPF", "person.Register"),
        from("company", "company.Name"),
        from("field.TEXTO", "company.CNPJ"),
    ];
    let derived = mapped(map, &with(&[("CPF", &typed), ("TEXTO", "12.abc.345/01de-35")]));
    assert_eq!(derived.person.text("CPF"), cpf);
    assert_eq!(derived.person.text("Register"), cpf);
    let raw = [("StringValue".to_owned(), json!(typed))];
    assert_eq!(items(&derived.person, "contact_short"), raw);
    assert_eq!(derived.company.expect("there is one").text("CNPJ"), cnpj);
    assert!(derived.warnings.is_empty());
}

#[test]
fn each_custom_field_gets_the_slot_of_its_type() {
    let map = vec![
        from("field.TEXTO", "person.contact_short"),
        from("field.6", "person.contact_long"),
        from("field.SEGMENTO", "person.contact_segment"),
        from("field.VISITA", "person.contact_visit"),
        template("bruno@example.com", "person.contact_seller"),
        template("SIM", "person.contact_optin"),
        from("field.VALOR", "deal.deal_sum"),
    ];
    let contact = with(&[
        ("TEXTO", " a \"b\" + ç "),
        ("SEGMENTO", "padaria"),
        ("VISITA", "2026-01-31"),
        ("VALOR", "1.234,56"),
    ]);
    let derived = mapped(map, &contact);
    assert_eq!(derived.warnings, Vec::<String>::new());
    let deal = derived.deal.expect("there is one");
    for (values, key, slot, value) in [
        (&derived.person, "contact_short", "StringValue", json!(" a \"b\" + ç ")),
        (&derived.person, "contact_long", "BigStringValue", json!(" a \"b\" + ç ")),
        (&derived.person, "contact_segment", "IntegerValue", json!(802)),
        (&derived.person, "contact_visit", "DateTimeValue", json!("2026-01-31T00:00:00-03:00")),
        (&derived.person, "contact_seller", "IntegerValue", json!(40)),
        (&derived.person, "contact_optin", "BoolValue", json!(true)),
        (&deal, "deal_sum", "DecimalValue", json!(1234.56)),
    ] {
        assert_eq!(items(values, key), [(slot.to_owned(), value)], "{key}");
        assert_eq!(values.other[key][0].key, key);
    }
}

#[test]
fn native_properties_get_the_type_that_they_have() {
    let map = vec![
        from("field.VISITA", "person.Birthday"),
        template("01310-100", "person.ZipCode"),
        template("3.941", "person.CityId"),
        template("sim", "person.HasConsent"),
        template("Célia", "person.LegalName"),
        template("indicação", "person.OriginId"),
        template("ana@example.com", "person.OwnerId"),
        template("1000,00", "deal.Amount"),
    ];
    let derived = mapped(map, &with(&[("VISITA", "31/12/1990")]));
    assert_eq!(derived.warnings, Vec::<String>::new());
    let person = json!({
        "Birthday": "1990-12-31T00:00:00-03:00", "CityId": 3941, "HasConsent": true,
        "LegalName": "Célia", "Name": "ana.lima@example.com", "OriginId": 51, "OwnerId": 41,
        "ZipCode": 1_310_100,
    });
    assert_eq!(json!(derived.person.native), person);
    assert_eq!(derived.deal.expect("there is one").native["Amount"], json!(1000));
}

#[test]
fn several_values_are_several_items_or_one_text() {
    let map = vec![
        from("field.CANAIS", "person.contact_channels"),
        from("field.CANAIS", "person.contact_labels"),
        from("field.CANAIS", "person.contact_short"),
        from("field.CANAIS", "person.Note"),
        from("field.CANAIS", "person.contact_segment"),
        from("tags", "deal.deal_many"),
        from("tags", "person.contact_long"),
    ];
    let derived = mapped(map, &with(&[("CANAIS", "||Site||Loja||site||NAO INFORMADO||")]));
    let ids = |key| items(&derived.person, key).into_iter().map(|(_, it)| it).collect::<Vec<_>>();
    assert_eq!(ids("contact_channels"), [json!(803), json!(801)]);
    let labels = [json!("Site"), json!("Loja"), json!("site"), json!("NAO INFORMADO")];
    assert_eq!(ids("contact_labels"), labels);
    assert_eq!(ids("contact_short"), [json!("Site, Loja, site, NAO INFORMADO")]);
    assert_eq!(derived.person.text("Note"), "Site, Loja, site, NAO INFORMADO");
    assert!(ids("contact_segment").is_empty());
    assert_eq!(ids("contact_long"), [json!("Lead site, Orçamento")]);
    let deal = derived.deal.expect("there is one");
    assert_eq!(items(&deal, "deal_many").len(), 2);
    assert_snapshot!(derived.warnings.join("\n"), @"
    person.contact_channels: field.CANAIS is none of the field's options
    person.contact_segment: field.CANAIS holds several values, and the field takes one
    ");
}

#[test]
fn one_value_of_a_list_counts_as_one() {
    let map = vec![from("field.CANAIS", "person.contact_segment")];
    let derived = mapped(map, &with(&[("CANAIS", "||Padaria||")]));
    assert_eq!(items(&derived.person, "contact_segment")[0].1, json!(802));
}

#[test]
fn templates_write_what_stands_in_the_contact_letter_by_letter() {
    let text = "{{ company }} / {{ field.TEXTO }} / {{ field.texto }} / {{ field['6'] }} / \
                {{ field[6] }} / {{ email }} / {{ tags }} / {{ field.CANAIS }} / \
                {{ automation.name }} / {{ field.CPF }}.";
    let contact = Contact {
        company: "D'Ávila & \"Filhos\" <S+A>".to_owned(),
        ..with(&[("TEXTO", "1+1 é 2"), ("CANAIS", "||Loja||Site||")])
    };
    let derived = mapped(vec![template(text, "deal.Title")], &contact);
    let title = "D'Ávila & \"Filhos\" <S+A> / 1+1 é 2 / 1+1 é 2 / 1+1 é 2 / 1+1 é 2 / \
                 ana.lima@example.com / Lead site, Orçamento / Loja, Site / Boas-vindas / .";
    assert_eq!(derived.deal.expect("there is one").text("Title"), title);
}

#[test]
fn a_template_can_go_through_the_filled_fields() {
    let text = "{% for name in field %}{{ name }}={{ field[name] }};{% endfor %}";
    let contact = with(&[("TEXTO", "b"), ("CPF", "a"), ("VALOR", "")]);
    let derived = mapped(vec![template(text, "deal.Title")], &contact);
    assert_eq!(derived.deal.expect("there is one").text("Title"), "CPF=a;TEXTO=b;");
}

#[test]
fn the_note_is_rendered_and_an_empty_one_is_none() {
    let note = |text: &str| {
        let spec = RouteSpec { note: Some(text.to_owned()), ..route() };
        rules(&spec).derive(&contact(), "Boas-vindas").note
    };
    assert_eq!(note("Entrou por {{ automation.name }}").as_deref(), Some("Entrou por Boas-vindas"));
    assert_eq!(note(" {{ field.CPF }} "), None);
}

#[test]
fn phones_may_be_several_and_come_once_each() {
    let map = vec![
        from("field.CANAIS", "person.Phones"),
        from("phone", "company.Phones"),
        from("company", "company.Name"),
    ];
    let derived = mapped(map, &with(&[("CANAIS", "||11 3333-4444||123||11 3333-4444||")]));
    let raw: Vec<&str> = derived.person.phones.iter().map(|it| it.raw.as_str()).collect();
    assert_eq!(raw, ["11 3333-4444", "123"]);
    assert_eq!(derived.company.expect("there is one").phones.len(), 1);
    assert_snapshot!(derived.warnings.join("\n"), @"person.Phones: field.CANAIS holds no valid phone number and is kept as it was typed");
}

#[test]
fn the_fingerprint_is_of_person_and_company_and_of_nothing_else() {
    let map = vec![
        from("full_name", "person.Name"),
        from("phone", "person.Phones"),
        from("field.TEXTO", "person.contact_short"),
        from("company", "company.Name"),
        from("field.CPF", "deal.Title"),
    ];
    let of = |contact: &Contact| mapped(map.clone(), contact).fingerprint();
    let before = of(&with(&[("TEXTO", "a"), ("CPF", "1")]));
    assert_eq!(before, of(&with(&[("TEXTO", "a"), ("CPF", "2"), ("VALOR", "3")])));
    assert_ne!(before, of(&with(&[("TEXTO", "b"), ("CPF", "1")])));
    let base = with(&[("TEXTO", "a"), ("CPF", "1")]);
    assert_ne!(before, of(&Contact { phone: "11 3333-4444".to_owned(), ..base.clone() }));
    assert_ne!(before, of(&Contact { company: String::new(), ..base.clone() }));
    assert_ne!(before, of(&Contact { first_name: "Bia".to_owned(), ..base.clone() }));
    assert_eq!(before, of(&Contact { email: "bia@example.com".to_owned(), ..base }));
}
