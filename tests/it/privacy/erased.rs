//! A person of whom the ledger knows much, and then nothing.

use std::{path::Path, time::Duration};

use http::Method;
use ponte::{
    domain::{AutomationId, ContactId, Fate, FieldId, LeadState},
    ledger::{
        self,
        person::{self, Who},
    },
    simulator::{
        activecampaign::{ContactChange, NewContact, NewField},
        fault::Target,
    },
};
use serde_json::json;

use super::bytes::MARIA;
use crate::rig::{Rig, SITE, Setup, ana, bruno};

/// The route with a map of one's own: the document is a custom field.
const MAP: &str = r#"
[[route.map]]
from = "full_name"
to = "person.Name"
[[route.map]]
from = "email"
to = "person.Email"
[[route.map]]
from = "phone"
to = "person.Phones"
[[route.map]]
from = "field.CPF"
to = "person.CPF"
[[route.map]]
from = "company"
to = "company.Name"
[[route.map]]
template = "{{ full_name }} - site"
to = "deal.Title"
"#;

pub async fn rig(home: &Path) -> Rig {
    let setup = Setup {
        routes: format!("{SITE}{MAP}"),
        file: Some(home.join("ponte.db")),
        ..Setup::default()
    };
    let rig = Rig::with(setup).await;
    rig.activecampaign.add_field(NewField::new("CPF", "text"));
    rig
}

pub fn maria() -> NewContact {
    let new = NewContact::new(MARIA.emails[0])
        .named("Márcia", "Aparecida Quaresma")
        .phone(MARIA.phone)
        .field(FieldId(1), MARIA.cpf);
    NewContact { orgname: "Papelaria Exemplo".to_owned(), ..new }
}

/// What an error of Ploomes may look like: it says whom it is about.
pub const ECHO: &str = r#"{"error":{"code":"","message":"O contato Márcia Aparecida Quaresma (marcia.quaresma+site@example.com, 52998224725, 11987654321) não pode ser salvo agora"}}"#;

/// Everything that can be known of somebody becomes known.
async fn lives(rig: &Rig) -> ContactId {
    let target = || Target::new(Method::POST, "/Contacts");
    let id = rig.enters_unnoticed(maria(), 1);
    let webhook = rig.activecampaign.take_due().remove(0);
    rig.answer_next(target(), 500, ECHO);
    // Nobody can read it, and it names her all the same.
    rig.post(&webhook.target, "email=marcia.quaresma%2Bsite%40example.com&nome=M%C3%A1rcia").await;
    for _ in 0..40 {
        assert_eq!(rig.post(&webhook.target, &webhook.body).await, 200);
    }
    rig.settled().await;
    // She changes, and Ploomes refuses that, naming her.
    rig.answer_next(Target::new(Method::PATCH, "/Contacts"), 400, ECHO);
    rig.activecampaign.change_email(id, MARIA.emails[1]).unwrap();
    rig.poll().await;
    rig.pass(Duration::from_mins(5)).await;
    rig.settled().await;
    // A second pass, whose webhook is lost.
    rig.activecampaign.enroll(id, AutomationId(1)).unwrap();
    rig.activecampaign.take_due();
    rig.pass(Duration::from_mins(10)).await;
    rig.reconcile("repair").await;
    rig.settled().await;
    // Somebody edits her person by hand, which a run and a replay find.
    let person = rig.ploomes.contacts().into_iter().find(|it| it["Name"] == MARIA.name).unwrap();
    let edit = json!({ "Name": format!("{} Souza", MARIA.name), "CPF": null });
    rig.ploomes.edit_contact(person["Id"].as_i64().unwrap(), &edit).unwrap();
    rig.reconcile("report").await;
    let plan = rig.engine.perform("plan", &json!({ "contact": id })).await.unwrap();
    let since = json!({ "since": "2020-01-01T00:00:00Z", "until": rig.now(), "route": null, "apply": false });
    let replay = rig.engine.perform("replay", &since).await.unwrap();
    assert!(!MARIA.within(replay.to_string().as_bytes()).is_empty(), "{replay}");
    // As the command line has them kept for whoever asked.
    for (kind, answer) in [("plan", plan), ("replay", replay)] {
        let now = rig.now();
        rig.ledger
            .write(move |tx| {
                let arguments = json!({ "email": MARIA.emails[0] }).to_string();
                let job = ledger::job::queue(tx, kind, &arguments, now)?;
                ledger::job::take(tx, now)?;
                ledger::job::finish(tx, job, true, &answer.to_string(), now)
            })
            .await
            .unwrap();
    }
    id
}

async fn erase(rig: &Rig, who: Who) -> person::Erased {
    person::erase(&rig.ledger, &who, rig.now()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn not_a_byte_is_left_of_who_was_erased_and_everything_is_still_proved() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let id = lives(&rig).await;
    rig.enters_unnoticed(NewContact::new("caio@example.com").named("Caio", "Melo"), 1);
    rig.deliver().await;
    rig.settled().await;
    let copy = rig.ledger.path().with_file_name("ponte.db.before-1");
    let to = copy.clone();
    rig.ledger.read(move |conn| ledger::backup(conn, &to)).await.unwrap();
    let left = [".restoring", ".restoring-wal"]
        .map(|it| rig.ledger.path().with_file_name(format!("ponte.db{it}")));
    for it in &left {
        std::fs::copy(&copy, it).unwrap();
    }
    assert!(MARIA.found_in(home.path()).len() > 20, "the test looks for the wrong things");
    let before = rig.counts().await;

    let erased = erase(&rig, Who::Email(MARIA.emails[1].to_uppercase())).await;

    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
    assert!(erased.log_emptied);
    assert_eq!((erased.deliveries, erased.leads), (41, 2));
    assert_eq!(erased.contacts.into_iter().collect::<Vec<_>>(), [id]);
    assert_eq!(erased.deleted, [&[copy], left.as_slice()].concat());
    rig.audited().await;
    let after = rig.counts().await;
    assert_eq!(after.balance(), 0);
    assert_eq!(after.leads(LeadState::Erased), 2);
    assert_eq!(after.leads(LeadState::Done), before.leads(LeadState::Done) - 2);
    assert_eq!(after.deliveries(Fate::Ignored), 41);
    assert_eq!(after.deliveries(Fate::Quarantined), 0);
    // Once more is no error, and finds nothing.
    let again = erase(&rig, Who::Contact(id)).await;
    assert_eq!((again.deliveries, again.leads), (0, 0));
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_erased_does_not_come_back_under_any_contact_nor_with_an_old_ledger() {
    let home = tempfile::tempdir().unwrap();
    let mut rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let id = lives(&rig).await;
    let yesterday = tempfile::tempdir().unwrap();
    let copy = yesterday.path().join("copy.db");
    let to = copy.clone();
    rig.ledger.read(move |conn| ledger::backup(conn, &to)).await.unwrap();
    erase(&rig, Who::Contact(id)).await;
    let made = rig.made();

    for put_back in [false, true] {
        if put_back {
            rig.put_back(&copy).await;
            rig.pass(Duration::from_secs(1)).await;
            assert_eq!(MARIA.found_in(home.path()), [""; 0], "the old ledger was put back");
        }
        for _ in 0..3 {
            rig.activecampaign.enroll(id, AutomationId(1)).unwrap();
            rig.deliver().await;
            rig.activecampaign
                .update_contact(
                    id,
                    ContactChange {
                        phone: Some("11 98765-4321".to_owned()),
                        ..ContactChange::default()
                    },
                )
                .unwrap();
            rig.pass(Duration::from_mins(10)).await;
            rig.poll().await;
            rig.reconcile("repair").await;
            rig.settled().await;
        }
        rig.audited().await;
        assert_eq!(rig.made(), made);
        // The bodies of her webhooks are blanked at once; the log that had them is emptied by and by.
        rig.pass(Duration::from_mins(11)).await;
        assert_eq!(MARIA.found_in(home.path()), [""; 0], "put back: {put_back}");
        assert_eq!(rig.counts().await.leads(LeadState::Erased), 2);
        let run = rig
            .ledger
            .read(|conn| ledger::report::read(conn, None, chrono_tz::UTC))
            .await
            .unwrap()
            .unwrap();
        let route = &run.detail.routes[0];
        assert_eq!(
            (route.expected, route.excluded, route.missed),
            (1, if put_back { 8 } else { 5 }, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn another_contact_of_the_same_person_stays_out_until_the_tombstone_is_lifted() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let id = lives(&rig).await;
    erase(&rig, Who::Contact(id)).await;
    let made = rig.made();

    rig.activecampaign.delete(id).unwrap();
    let other = NewContact::new(MARIA.emails[1]).named("Márcia", "Quaresma");
    let other = rig.enters(other, 1).await;
    rig.pass(Duration::from_mins(10)).await;
    rig.poll().await;
    rig.reconcile("repair").await;
    rig.settled().await;
    rig.pass(Duration::from_mins(11)).await;
    assert_eq!(rig.made(), made);
    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
    rig.audited().await;

    // Lifted, she comes in as anybody.
    let now = rig.now();
    assert_eq!(person::lift(&rig.ledger, &Who::Contact(other), now).await.unwrap(), 1);
    rig.reconcile("repair").await;
    rig.settled().await;
    let leads = rig.leads().await;
    assert!(leads.iter().any(|it| it.contact == other && it.state == LeadState::Done), "{leads:?}");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_erased_by_an_id_that_nobody_had_seen_is_known_by_the_address_too() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    let id = rig.enters_unnoticed(maria(), 1);
    erase(&rig, Who::Contact(id)).await;
    rig.pass(Duration::from_mins(1)).await;

    rig.activecampaign.delete(id).unwrap();
    rig.enters(maria(), 1).await;
    rig.pass(Duration::from_mins(20)).await;
    rig.poll().await;
    rig.reconcile("repair").await;
    rig.settled().await;
    assert_eq!(rig.made(), [0; 4]);
    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_erased_is_known_by_an_address_that_came_later() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    let id = rig.enters(maria(), 1).await;
    rig.settled().await;
    erase(&rig, Who::Contact(id)).await;
    rig.pass(Duration::from_mins(1)).await;
    let made = rig.made();

    rig.activecampaign.change_email(id, "outra@example.com").unwrap();
    rig.pass(Duration::from_mins(1)).await;
    rig.poll().await;
    rig.activecampaign.delete(id).unwrap();
    let again = NewContact::new("outra@example.com").named("Outra", "Pessoa");
    rig.enters(again, 1).await;
    rig.pass(Duration::from_mins(20)).await;
    rig.poll().await;
    rig.settled().await;
    assert_eq!(rig.made(), made);
    rig.audited().await;
}

/// Maria, whom Ploomes has already when she is erased, or her company: its answer is not read yet.
async fn erased_amid_a_write(rig: &Rig) -> ContactId {
    let (ledger, clock) = (rig.ledger.clone(), rig.clock.clone());
    let id = rig.enters_unnoticed(maria(), 1);
    rig.after(Target::new(Method::POST, "/Contacts"), move || {
        let erasing = async move {
            person::erase(&ledger, &Who::Contact(id), clock.now()).await.unwrap();
        };
        futures_util::FutureExt::now_or_never(erasing).expect("it works in place");
    });
    rig.deliver().await;
    id
}

#[tokio::test(start_paused = true)]
async fn a_company_is_made_once_though_she_for_whom_it_was_made_is_erased_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    // Found by its id only, as yet.
    rig.ploomes.switch(|it| it.search_lag = Duration::from_mins(10));
    erased_amid_a_write(&rig).await;
    // Two more are known to exist, and are asked for in each search.
    for address in ["eva@example.com", "davi@example.com"] {
        rig.enters(NewContact::new(address).named("Alguém", "Outro"), 1).await;
        rig.settled().await;
    }
    rig.enters(NewContact { orgname: "PAPELARIA exemplo".to_owned(), ..ana() }, 1).await;
    rig.settled().await;
    let all = rig.ploomes.contacts();
    let names = all.iter().filter_map(|it| it["Name"].as_str());
    let companies: Vec<_> = names.filter(|it| it.to_lowercase() == "papelaria exemplo").collect();
    assert_eq!(companies, ["Papelaria Exemplo"]);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_erased_while_a_write_is_on_its_way_is_erased() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;
    let id = erased_amid_a_write(&rig).await;
    rig.pass(Duration::from_mins(5)).await;
    rig.settled().await;
    let now = rig.now();
    // The log is emptied by the next one, or by housekeeping.
    person::apply_file(&rig.ledger, now).await.unwrap();
    rig.ledger.truncate_log().await.unwrap();
    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
    let lead = rig.leads().await.into_iter().find(|it| it.contact == id).unwrap();
    assert_eq!(lead.state, LeadState::Erased);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_file_of_tombstones_it_says_so_and_knows_the_contact_still() {
    let home = tempfile::tempdir().unwrap();
    let mut rig = rig(home.path()).await;
    let id = lives(&rig).await;
    erase(&rig, Who::Contact(id)).await;
    let applied = person::apply_file(&rig.ledger, rig.now()).await.unwrap();
    assert_eq!(applied.without_key, 0);
    let made = rig.made();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.db");
    let to = copy.clone();
    rig.ledger.read(move |conn| ledger::backup(conn, &to)).await.unwrap();
    std::fs::remove_file(home.path().join("ponte.db.erased")).unwrap();
    rig.put_back(&copy).await;
    let applied = person::apply_file(&rig.ledger, rig.now()).await.unwrap();
    assert_eq!(applied.without_key, 1);
    rig.activecampaign.enroll(id, AutomationId(1)).unwrap();
    rig.pass(Duration::from_mins(10)).await;
    rig.poll().await;
    rig.reconcile("repair").await;
    rig.settled().await;
    assert_eq!(rig.made(), made);
    rig.audited().await;
}
