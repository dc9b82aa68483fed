//! What is said of values that are missing or cannot be read.

use super::*;

fn required(row: MapRow) -> MapRow {
    MapRow { required: true, ..row }
}

#[test]
fn what_is_required_and_empty_fails_in_the_words_of_the_map() {
    let map = vec![
        required(from("field.CPF", "person.CPF")),
        required(from("email", "person.Email")),
        required(from("company", "company.Name")),
        required(template("{{ field.TEXTO }}", "deal.Title")),
        required(from("field.3", "person.contact_channels")),
        required(from("field.VISITA", "person.contact_visit")),
    ];
    let empty = Contact {
        email: String::new(),
        company: "-".to_owned(),
        ..with(&[("CPF", "  "), ("CANAIS", "||"), ("VISITA", "0000-00-00")])
    };
    let failure = mapped(map, &empty).failure.expect("all is missing");
    assert_snapshot!(failure.replace("; ", "\n"), @"
    field.CPF is empty
    email is empty
    company is empty
    deal.Title is empty
    field.3 is empty
    field.VISITA is empty
    ");
}

#[test]
fn what_is_required_and_cannot_be_read_fails_and_is_a_warning_elsewhere() {
    let rows = || {
        vec![
            from("email", "person.Email"),
            from("field.SEGMENTO", "person.contact_segment"),
            from("field.VALOR", "deal.Amount"),
            from("field.VISITA", "person.Birthday"),
            from("field.CANAIS", "deal.deal_sum"),
        ]
    };
    let contact = Contact {
        email: "ana".to_owned(),
        ..with(&[
            ("SEGMENTO", "Açougue"),
            ("VALOR", "muito"),
            ("VISITA", "amanhã"),
            ("CANAIS", "||1||2||"),
        ])
    };
    let derived = mapped(rows(), &contact);
    assert_eq!(derived.failure, None);
    assert_snapshot!(derived.warnings.join("\n"), @"
    person.Email: email is no e-mail address
    person.contact_segment: field.SEGMENTO is none of the field's options
    deal.Amount: field.VALOR is no clear number
    person.Birthday: field.VISITA is no date
    deal.deal_sum: field.CANAIS holds several values, and the field takes one
    ");
    let strict = mapped(rows().into_iter().map(required).collect(), &contact);
    assert!(strict.warnings.is_empty());
    assert_snapshot!(strict.failure.expect("nothing could be read").replace("; ", "\n"), @"
    email is no e-mail address
    field.SEGMENTO is none of the field's options
    field.VALOR is no clear number
    field.VISITA is no date
    field.CANAIS holds several values, and the field takes one
    ");
}

#[test]
fn an_invalid_document_is_kept_and_satisfies_the_map() {
    let map = vec![required(from("field.CPF", "person.CPF"))];
    let derived = mapped(map, &with(&[("CPF", " 123 ")]));
    assert_eq!((derived.person.text("CPF"), derived.failure), ("123", None));
    let warning = "person.CPF: field.CPF is no valid CPF and is kept as it was typed";
    assert_eq!(derived.warnings, [warning]);
}

#[test]
fn a_template_that_fails_on_a_contact_is_a_warning_without_its_values() {
    let map = vec![
        template("{{ full_name | sum }}", "deal.Title"),
        required(template("{{ 1 // 0 }}", "person.Note")),
    ];
    let spec = RouteSpec { map, note: Some("{{ email | sum }}".to_owned()), ..route() };
    let derived = rules(&spec).derive(&contact(), "");
    assert_snapshot!(derived.warnings.join("\n"), @"
    deal.Title cannot be made from this contact: the template fails
    note cannot be made from this contact: the template fails
    ");
    assert_snapshot!(derived.failure.expect("the note is required"), @"person.Note cannot be made from this contact: the template fails");
    assert_eq!(derived.note, None);
}

#[test]
fn warnings_and_failures_hold_nothing_personal() {
    let secret = "segredo-da-ana";
    let rows = [
        "person.CPF",
        "person.CNPJ",
        "person.Birthday",
        "person.ZipCode",
        "person.CityId",
        "person.Phones",
        "person.Email",
        "person.contact_segment",
        "person.contact_channels",
        "person.contact_visit",
        "person.contact_optin",
        "person.contact_seller",
        "deal.Amount",
        "deal.deal_sum",
    ];
    for strict in [false, true] {
        let row = |to: &&str| MapRow { required: strict, ..from("field.TEXTO", to) };
        let derived = mapped(rows.iter().map(row).collect(), &with(&[("TEXTO", secret)]));
        let said = format!("{:?} {:?} {derived:?}", derived.warnings, derived.failure);
        assert!(said.len() > 100 && !said.contains("segredo"), "{said}");
    }
}
