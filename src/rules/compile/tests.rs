use insta::assert_snapshot;

use super::*;
use crate::domain::{Behaviour, RecordId, catalog::Entity};
use crate::rules::{
    NameOrId, OwnerRef, Policy,
    fixture::{catalog, fields, from, route, template},
};

/// All problems of a route, one a line.
fn problems(spec: &RouteSpec) -> String {
    match compile(spec, &catalog(), &fields()) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

fn policy(spec: &RouteSpec) -> Policy {
    compile(spec, &catalog(), &fields()).expect("it compiles").0.policy().clone()
}

fn warnings(spec: &RouteSpec) -> Vec<String> {
    compile(spec, &catalog(), &fields()).expect("it compiles").1
}

fn named(name: &str) -> NameOrId {
    NameOrId::Name(name.to_owned())
}

#[test]
fn everything_is_found_by_name_whatever_its_case_and_accents() {
    let spec = RouteSpec {
        pipeline: Some(named("vendas")),
        stage: Some(named("LEAD NÓVO")),
        owners: vec![OwnerRef::Email("BRUNO@example.com".to_owned()), OwnerRef::Id(41)],
        origin: Some("activecampaign".to_owned()),
        tags: vec!["LEAD".to_owned(), "lead".to_owned()],
        lead_key_field: Some("deal_key".to_owned()),
        ..route()
    };
    let policy = policy(&spec);
    assert_eq!(policy.pipeline, Some(RecordId(10)));
    assert_eq!(policy.stage, Some(RecordId(11)));
    assert_eq!(policy.owners, [RecordId(40), RecordId(41)]);
    assert_eq!(policy.origin, Some(RecordId(50)));
    assert_eq!(policy.person_tags, [RecordId(60)]);
    assert_eq!(policy.deal_tags, [RecordId(61)]);
    assert_eq!(policy.lead_key_field.as_deref(), Some("deal_key"));
}

#[test]
fn pipeline_and_stage_may_be_ids() {
    let spec =
        RouteSpec { pipeline: Some(NameOrId::Id(20)), stage: Some(NameOrId::Id(22)), ..route() };
    assert_eq!(policy(&spec).stage, Some(RecordId(22)));
}

#[test]
fn a_live_pipeline_comes_before_an_archived_one_of_its_name() {
    let mut catalog = catalog();
    let archived = crate::domain::catalog::Pipeline {
        id: RecordId(9),
        archived: true,
        ..catalog.pipelines[0].clone()
    };
    catalog.pipelines.insert(0, archived);
    let (rules, _) = compile(&route(), &catalog, &fields()).expect("it compiles");
    assert_eq!(rules.policy().pipeline, Some(RecordId(10)));
}

#[test]
fn a_route_without_deals_needs_no_place_for_them() {
    let spec = RouteSpec {
        create: Behaviour::CompanyPerson,
        pipeline: None,
        stage: None,
        tags: vec!["lead".to_owned()],
        lead_key_field: Some("not_there".to_owned()),
        ..route()
    };
    let policy = policy(&spec);
    assert_eq!((policy.pipeline, policy.stage, policy.lead_key_field), (None, None, None));
    assert_eq!((policy.person_tags.len(), policy.deal_tags.len()), (1, 0));
}

#[test]
fn all_problems_are_said_at_once() {
    let spec = RouteSpec {
        pipeline: Some(named("Vedas")),
        stage: Some(named("Lead novo")),
        owners: vec![
            OwnerRef::Email("nobody@example.com".to_owned()),
            OwnerRef::Email("celia@example.com".to_owned()),
            OwnerRef::Id(999),
        ],
        origin: Some("ActiveCampain".to_owned()),
        note: Some("{{ automation.nome }} {{ nome }}".to_owned()),
        lead_key_field: Some("deal_kee".to_owned()),
        map: vec![
            from("ful_name", "person.Name"),
            from("email", "person.Emial"),
            from("field.CFP", "person.CPF"),
            from("company", "company.Name"),
            template("{{ full_nam or field.SEGMENT }} {{ email", "deal.Title"),
            template("{{ full_nam or field.SEGMENT }}", "deal.Titel"),
        ],
        ..route()
    };
    assert_snapshot!(problems(&spec), @r#"
    pipeline: there is no pipeline "Vedas" (did you mean "Vendas"?)
    origin: there is no origin "ActiveCampain" (did you mean "ActiveCampaign"?)
    lead_key_field: there is no custom field `deal_kee` (did you mean "deal_key"?)
    owner: there is no user with the e-mail address of entry 1 (write the e-mail address or the id of a user of Ploomes)
    owner: the user with the e-mail address of entry 2 is suspended (name somebody who can own what is created)
    owner: there is no user with the id 999 (write the e-mail address or the id of a user of Ploomes)
    map.1.from: a contact has no value "ful_name" (did you mean "full_name"?)
    map.2.to: a person has no field `Emial` (did you mean "person.Email"?)
    map.3.from: ActiveCampaign has no custom field `CFP` (did you mean "field.CPF"?)
    map.5.template: this template does not work: syntax error: unexpected end of input, expected end of variable block
    map.6.template: ActiveCampaign has no custom field `SEGMENT` (did you mean "field.SEGMENTO"?)
    map.6.template: the template names `full_nam`, which there is not (did you mean "full_name"?)
    map.6.to: a deal has no field `Titel` (did you mean "deal.Title"?)
    note: an automation has no `nome` here (did you mean "automation.name"?)
    note: the template names `nome`, which there is not (there is email, first_name, last_name, full_name, phone, company, tags, field.<PERSTAG>, automation.name)
    "#);
}

#[test]
fn what_is_archived_ambiguous_or_elsewhere_is_named() {
    let place = |pipeline: NameOrId, stage: NameOrId| {
        problems(&RouteSpec { pipeline: Some(pipeline), stage: Some(stage), ..route() })
    };
    let said = [
        place(named("Antigo"), named("x")),
        place(NameOrId::Id(30), named("x")),
        place(NameOrId::Id(99), named("x")),
        place(named("Dobro"), named("x")),
        place(named("Vendas"), named("Velho")),
        place(named("Vendas"), named("Implantação")),
        place(named("Vendas"), NameOrId::Id(21)),
        place(named("Vendas"), NameOrId::Id(99)),
        place(named("Vendas"), named("Marketing")),
        problems(&RouteSpec { pipeline: None, stage: None, ..route() }),
    ];
    assert_snapshot!(said.join("\n"), @r#"
    pipeline: the pipeline "Antigo" is archived (archived ones take no new deals)
    pipeline: the pipeline "Antigo" is archived (archived ones take no new deals)
    pipeline: there is no pipeline with the id 99 (there is 10 "Vendas", 20 "Pós-venda", 34 "Dobro", 35 "Dobro")
    pipeline: 2 pipelines are called "Dobro" (write the id: 34 or 35)
    stage: the stage "Velho" in the pipeline "Vendas" is archived (archived ones take no new deals)
    stage: there is no stage "Implantação" in the pipeline "Vendas" (the pipeline "Pós-venda" has it)
    stage: there is no stage with the id 21 in the pipeline "Vendas" (the pipeline "Pós-venda" has it)
    stage: there is no stage with the id 99 in the pipeline "Vendas" (there is 11 "Lead novo", 12 "Proposta")
    stage: there is no stage "Marketing" in the pipeline "Vendas" (there is "Lead novo", "Proposta")
    pipeline: it is missing, and the route creates deals
    stage: it is missing, and the route creates deals
    "#);
}

#[test]
fn targets_that_cannot_be_written_are_refused_with_clear_words() {
    let targets = [
        "person.Id",
        "person.CreateDate",
        "person.TypeId",
        "person.CompanyId",
        "person.OwnerId",
        "person.Tags",
        "person.email",
        "person.Segmento",
        "person.contact_avatar_url",
        "person.deal_key",
        "person.contact_nothing_like_it",
        "deal.ContactName",
        "deal.StatusId",
        "deal.StageId",
        "deal.Phones",
        "deal.contact_segment",
        "deal.deal_key",
        "lead.Name",
        "person",
    ];
    let spec = RouteSpec {
        owners: vec![OwnerRef::Id(40)],
        lead_key_field: Some("deal_key".to_owned()),
        map: targets.iter().map(|to| from("email", to)).collect(),
        ..route()
    };
    assert_snapshot!(problems(&spec), @r#"
    map.1.to: `Id` is kept by Ploomes and cannot be written
    map.2.to: `CreateDate` is kept by Ploomes and cannot be written
    map.3.to: `TypeId` cannot be mapped (it follows from `create`)
    map.4.to: `CompanyId` cannot be mapped (it follows from `create`)
    map.5.to: `OwnerId` cannot be mapped (the route's `owner` sets it)
    map.6.to: `Tags` cannot be mapped (the route's `tags` set them)
    map.7.to: a person has no field `email` (did you mean "person.Email"?)
    map.8.to: a person has no field `Segmento` (did you mean "person.contact_segment"?)
    map.9.to: a person has no field `contact_avatar_url` (did you mean "person.AvatarUrl"?)
    map.10.to: `deal_key` is a field of deals (write deal.…)
    map.11.to: a person has no field `contact_nothing_like_it` (`ponte fields ploomes` lists them)
    map.12.to: `ContactName` cannot be mapped (the deal belongs to the lead's own person and company)
    map.13.to: `StatusId` cannot be mapped (a new deal is open)
    map.14.to: `StageId` cannot be mapped (the route's `stage` sets it)
    map.15.to: a deal has no field `Phones` (`ponte fields ploomes` lists them)
    map.16.to: `contact_segment` is a field of persons and companies (write person.… or company.…)
    map.17.to: `deal_key` cannot be mapped (it is the lead key field, which `ponte` fills)
    map.18.to: "lead.Name" is no field of a record (write person.…, company.… or deal.…)
    map.19.to: "person" is no field of a record (write person.…, company.… or deal.…)
    "#);
}

#[test]
fn a_lead_key_field_is_a_text_of_deals() {
    let said = ["deal_key", "deal_sum", "deal_many", "contact_segment", "nothing"]
        .map(|key| problems(&RouteSpec { lead_key_field: Some(key.to_owned()), ..route() }));
    assert_snapshot!(said.join("\n"), @r#"
    lead_key_field: `deal_sum` is no text field that holds a single value (the lead key is a text)
    lead_key_field: `deal_many` is no text field that holds a single value (the lead key is a text)
    lead_key_field: `contact_segment` is no field of deals
    lead_key_field: there is no custom field `nothing` (there is "deal_key")
    "#);
}

#[test]
fn a_record_that_the_route_does_not_create_cannot_be_mapped() {
    let spec = RouteSpec {
        create: Behaviour::PersonDeal,
        map: vec![from("company", "company.Name")],
        ..route()
    };
    assert_snapshot!(problems(&spec), @"map.1.to: the route creates no company (leave the row out, or change `create`)");
}

#[test]
fn missing_tags_are_named_and_are_no_problem() {
    let spec = RouteSpec { tags: vec!["Novo".to_owned(), "so deal".to_owned()], ..route() };
    let (rules, warnings) = compile(&spec, &catalog(), &fields()).expect("it compiles");
    let missing = [
        (Entity::Contact, "Novo".to_owned()),
        (Entity::Contact, "so deal".to_owned()),
        (Entity::Deal, "Novo".to_owned()),
    ];
    assert_eq!(rules.missing_tags(), missing);
    assert_eq!(rules.policy().deal_tags, [RecordId(62)]);
    assert_snapshot!(warnings.join("\n"), @r#"
    tags: there is no tag "Novo" of contacts yet
    tags: there is no tag "so deal" of contacts yet
    tags: there is no tag "Novo" of deals yet
    "#);
}

#[test]
fn what_may_surprise_is_a_warning() {
    let mut catalog = catalog();
    for field in &mut catalog.fields {
        field.required = field.key == "deal_sum" || field.key == "contact_segment";
    }
    let spec = RouteSpec {
        map: vec![
            from("full_name", "person.Name"),
            from("field.CANAIS", "person.contact_segment"),
            from("tags", "person.contact_channels"),
        ],
        ..route()
    };
    let (_, warnings) = compile(&spec, &catalog, &fields()).expect("it compiles");
    assert_snapshot!(warnings.join("\n"), @r#"
    map.2: field.CANAIS may hold several values, and person.contact_segment takes one
    map: without person.Email, a person is known again by CPF or phone only
    map: "Soma" (deal_sum) is required on the forms of Ploomes, and no row gives it
    "#);
}

#[test]
fn the_default_map_has_no_problem_and_no_warning() {
    for (_, create) in Behaviour::ALL {
        assert_eq!(warnings(&RouteSpec { create, ..route() }), Vec::<String>::new());
    }
}

#[test]
fn a_field_is_named_by_tag_in_any_case_or_by_id() {
    for source in ["field.CPF", "field.cpf", "field.1"] {
        let spec = RouteSpec { map: vec![from(source, "person.CPF")], ..route() };
        assert_eq!(problems(&spec), "", "{source}");
    }
}

#[test]
fn a_template_may_use_every_name_and_asks_for_the_automation_only_where_it_says_so() {
    let text = "{{ email }}{{ first_name }}{{ last_name }}{{ full_name }}{{ phone }}{{ company }}\
                {{ tags }}{{ field.CPF }}{{ field['cpf'] }}{{ field['1'] | upper }}\
                {% for i in range(2) %}{{ i }}{{ loop.index }}{% endfor %}{% set x = phone %}{{ x }}";
    let plain = RouteSpec { map: vec![template(text, "deal.Title")], ..route() };
    let (rules, _) = compile(&plain, &catalog(), &fields()).expect("it compiles");
    assert!(!rules.uses_automation_name());
    let asks = RouteSpec { note: Some("{{ automation.name }}".to_owned()), ..plain };
    let (rules, _) = compile(&asks, &catalog(), &fields()).expect("it compiles");
    assert!(rules.uses_automation_name());
}
