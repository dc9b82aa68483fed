//! A thousand deliveries on three routes: everything in Ploomes is as it has to be, and once.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod check;
mod crowd;

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use ponte::{
    domain::{AutomationId, Fate, LeadState},
    simulator::ploomes::standard::{BRUNO, Custom},
};
use serde_json::json;

use self::crowd::{Before, CUSTOM, Company, Fields, Somebody};
use crate::support::{Accounts, Route, Service, Settings, Way, proof};

/// Who enters the site's automation; every third then enters the event's, every fifth the list's.
const ON_SITE: usize = 500;
/// Who enters only the event's automation, and only the list's.
const ELSEWHERE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deliveries_leave_everything_right_and_nothing_twice() {
    let accounts = Accounts::new(7);
    let fields = Fields::new(&accounts);
    let automations = ["site", "evento", "lista"].map(|route| accounts.automation_of(route));
    let settings = Settings::new(routes(&fields, automations));
    let mut crowd: Vec<Somebody> = (0..ON_SITE).map(on_site).collect();
    crowd.extend((ON_SITE..ON_SITE + 2 * ELSEWHERE).map(|number| {
        let before = if number % 7 == 0 { Before::ByEmail } else { Before::Unknown };
        Somebody::new(number, before, (number % 2 == 0).then_some(Company(number)))
    }));
    for somebody in &mut crowd {
        fields.create(&accounts, somebody);
    }
    check::furnish(&accounts, &crowd);
    let service = Service::start(&accounts, &settings, Way::InProcess).await;

    let (on_site, elsewhere) = crowd.split_at(ON_SITE);
    let (on_event, on_list) = elsewhere.split_at(ELSEWHERE);
    enroll(&accounts, on_site.iter(), automations[0]);
    let mut sent = deliver(&service, 100).await;
    service.settled().await;
    check::site(&accounts, on_site);

    // Wave two: people who are known by now, and others.
    let before = check::Picture::of(&accounts);
    let known = |each: usize| on_site.iter().filter(move |it| it.number.is_multiple_of(each));
    let event: Vec<_> = known(3).chain(on_event).collect();
    let list: Vec<_> = known(5).chain(on_list).collect();
    enroll(&accounts, event.iter().copied(), automations[1]);
    enroll(&accounts, list.iter().copied(), automations[2]);
    let rest = 1_000 - sent - event.len() - list.len();
    sent += deliver(&service, rest).await;
    let counts = service.settled().await;
    check::event(&accounts, &event);
    check::list(&accounts, &list, &event, &before);

    assert_eq!(sent, 1_000);
    assert_eq!(counts.accepted, 1_000);
    let leads = i64::try_from(ON_SITE + event.len() + list.len()).unwrap();
    assert_eq!(counts.deliveries(Fate::Applied), leads);
    assert_eq!(counts.deliveries(Fate::Merged), 1_000 - leads);
    assert_eq!(counts.leads(LeadState::Done), leads);
    check::nothing_else(&accounts, &crowd);
    proof::all(&service).await;
    service.stop().await;
}

fn on_site(number: usize) -> Somebody {
    let before = match number % 10 {
        3 => Before::ByEmail,
        7 => Before::ByCpf,
        9 => Before::ByPhone,
        _ => Before::Unknown,
    };
    Somebody::new(number, before, (!number.is_multiple_of(3)).then_some(Company(number / 5)))
}

fn routes(fields: &Fields, automations: [AutomationId; 3]) -> [Route; 3] {
    let [site, event, list] = automations;
    let mut first = Route::new("site", "company-person-deal", site)
        .with("skip_if_open_deal = false")
        .with("owner = [\"ana@example.com\", \"bruno@example.com\"]")
        .with("origin = \"ActiveCampaign\"")
        .with("tags = [\"lead\"]")
        .with("note = \"Entrou por {{ automation.name }}\"")
        .from("full_name", "person.Name")
        .from("email", "person.Email")
        .from("phone", "person.Phones")
        .from("field.CPF", "person.CPF")
        .from("field.NASCIMENTO", "person.Birthday")
        .from("company", "company.Name")
        .from("field.CNPJ", "company.CNPJ")
        .template("{{ company or full_name or email }} - site", "deal.Title")
        .from("field.MOEDA", "deal.Amount");
    for (custom, _, _) in CUSTOM {
        let from = format!("field.{}", fields.of(custom));
        first = first
            .from(&from, &format!("person.{}", custom.of_contacts()))
            .from(&from, &format!("deal.{}", custom.of_deals()));
    }
    let text = format!("person.{}", Custom::Text.of_contacts());
    let second = Route::new("evento", "person-deal", event)
        .with("skip_if_open_deal = false")
        .with("existing = \"overwrite\"")
        .with(&format!("owner = {BRUNO}"))
        .from("first_name", "person.Name")
        .from("email", "person.Email")
        .from("phone", "person.Phones")
        .from("field.TEXTO_LONGO", &text)
        .template("Evento: {{ first_name }}", "deal.Title");
    let third = Route::new("lista", "company-person", list).with("existing = \"leave\"");
    [first, second, third]
}

fn enroll<'a>(
    accounts: &Accounts,
    crowd: impl Iterator<Item = &'a Somebody>,
    automation: AutomationId,
) {
    for somebody in crowd {
        accounts.activecampaign.enroll(somebody.contact.unwrap(), automation).unwrap();
    }
}

/// Posts what is due, the first `twice` of it twice, many at a time; says how many posts that were.
async fn deliver(service: &Service, twice: usize) -> usize {
    let due = service.accounts.activecampaign.take_due();
    assert!(due.len() >= twice, "{} are due", due.len());
    let posts: Vec<_> = due.iter().chain(&due[..twice]).collect();
    let statuses = stream::iter(&posts).map(async |it| {
        let status = service.post_to(&it.target, &it.body).await;
        service.accounts.activecampaign.sent(it, Some(status));
        status
    });
    let statuses: BTreeSet<u16> = statuses.buffer_unordered(64).collect().await;
    assert_eq!(json!(statuses), json!([200]));
    posts.len()
}
