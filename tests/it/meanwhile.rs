//! What happens to contacts while a sweep reads them: the result is that of the end.

use std::time::Duration;

use http::Method;
use ponte::{
    domain::{AutomationId, ContactId, LeadState},
    simulator::{
        activecampaign::{ActiveCampaign, MergeRules, NewContact, Switches},
        fault::Target,
    },
};
use serde_json::{Value, json};

use crate::rig::{PATIENCE, Rig, Setup};

/// A page of a hundred, and some more.
const PEOPLE: usize = 120;

/// More than the route waits for a webhook.
const LONG: Duration = Duration::from_mins(3);

/// Everybody has entered, every tenth webhook was lost, and the others are in Ploomes.
async fn crowd(merge: MergeRules) -> (Rig, Vec<ContactId>) {
    let activecampaign = Switches { merge, ..Switches::default() };
    let setup = Setup { activecampaign, per_minute: 60_000, ..Setup::default() };
    let rig = Rig::with(setup).await;
    rig.activecampaign.switch(|it| it.throttle.per_second = None);
    rig.ploomes.switch(|it| it.limit = None);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let who = NewContact::new(&format!("pessoa.{number}@example.com"));
        people.push(rig.enters_unnoticed(who.named("Pessoa", &number.to_string()), 1));
        if number % 10 == 5 {
            for lost in rig.activecampaign.take_due() {
                rig.activecampaign.sent(&lost, None);
            }
        }
        rig.deliver().await;
        rig.pass(Duration::from_secs(1)).await;
    }
    rig.until("all that came is settled", 6 * PATIENCE, |now| {
        now.leads(LeadState::Done) == 108 && now.waiting() == 0
    })
    .await;
    rig.pass(LONG).await;
    (rig, people)
}

/// Reconciles, and does `deed` between the first page and the second.
async fn meanwhile(
    rig: &Rig,
    deed: impl FnOnce(&ActiveCampaign) + Send + 'static,
) -> (Value, Value) {
    let account = rig.activecampaign.clone();
    // Polls do not run here: the next page after the first hundred is the sweep's.
    let second = Target::new(Method::GET, "id_greater=100&");
    rig.source.before.add(second, Box::new(move || deed(&account)));
    let told = rig.reconciled("repair").await;
    rig.settled().await;
    told
}

/// After all of it: each enrollment that AC has is one deal, and the next run finds nothing.
async fn proven(rig: &Rig, expected: i64, deals: usize) {
    let (run, after) = rig.reconciled("repair").await;
    let route = &after["routes"][0];
    assert_eq!((&run["outcome"], &route["missed"]), (&json!("complete"), &json!(0)), "{route}");
    assert_eq!((&route["expected"], &route["stale"]), (&json!(expected), &json!(0)), "{route}");
    assert_eq!(rig.ploomes.deals().len(), deals);
    let mut emails: Vec<String> = rig
        .ploomes
        .contacts()
        .iter()
        .filter_map(|it| Some(it["Email"].as_str()?.to_owned()))
        .collect();
    let all = emails.len();
    emails.sort();
    emails.dedup();
    assert_eq!(emails.len(), all, "an e-mail has two persons");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn contacts_deleted_while_the_sweep_runs_are_gone_and_those_before_it_are_not_missed() {
    let (rig, people) = crowd(MergeRules::default()).await;
    // On the page that was read, one with a lead and one without; on the next ones the same.
    let gone = [people[10], people[15], people[110], people[115], people[119]];
    let (run, detail) = meanwhile(&rig, move |account| {
        for it in gone {
            account.delete(it).unwrap();
        }
    })
    .await;
    assert_eq!(run["outcome"], "complete", "{run}");
    let route = &detail["routes"][0];
    // 12 were lost; those whose contact vanished before their page or their repair cannot be had.
    assert_eq!(route["missed"], 11, "{route}");
    assert_eq!(route["gone"], 2, "{route}");
    proven(&rig, 115, 108 + 10).await;
}

#[tokio::test(start_paused = true)]
async fn merges_while_the_sweep_runs_make_no_second_lead_and_lose_none() {
    for new_ids in [false, true] {
        let (rig, people) = crowd(MergeRules { new_ids, ..MergeRules::default() }).await;
        let pairs = [
            // Winner before, loser behind the cursor, and the other way round; with leads and without.
            (people[20], people[109]),
            (people[108], people[30]),
            (people[21], people[105]),
            (people[115], people[35]),
        ];
        let (run, _) = meanwhile(&rig, move |account| {
            for (winner, loser) in pairs {
                account.merge(winner, loser).unwrap();
            }
        })
        .await;
        assert_eq!(run["outcome"], "complete", "{new_ids}: {run}");
        rig.pass(LONG).await;
        rig.poll().await;
        rig.settled().await;
        rig.reconciled("repair").await;
        rig.settled().await;
        let leads = rig.leads().await;
        assert_eq!(leads.len(), PEOPLE, "one for each enrollment, new ids: {new_ids}");
        proven(&rig, i64::try_from(PEOPLE).unwrap(), PEOPLE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_gets_another_address_or_enters_again_while_the_sweep_runs_ends_as_activecampaign_has_it()
 {
    let (rig, people) = crowd(MergeRules::default()).await;
    let (early, late) = (people[40], people[104]);
    let (run, _) = meanwhile(&rig, move |account| {
        account.change_email(early, "cedo@example.com").unwrap();
        account.change_email(late, "tarde@example.com").unwrap();
        account.enroll(late, AutomationId(1)).unwrap();
        account.take_due().iter().for_each(|lost| account.sent(lost, None));
    })
    .await;
    assert_eq!(run["outcome"], "complete", "{run}");
    rig.pass(LONG).await;
    rig.reconciled("repair").await;
    rig.settled().await;
    let emails: Vec<Value> = rig.ploomes.contacts().iter().map(|it| it["Email"].clone()).collect();
    for (now, before) in [("cedo", "pessoa.40"), ("tarde", "pessoa.104")] {
        assert!(emails.contains(&json!(format!("{now}@example.com"))), "{now}");
        assert!(!emails.contains(&json!(format!("{before}@example.com"))), "{before}");
    }
    proven(&rig, i64::try_from(PEOPLE).unwrap() + 1, PEOPLE + 1).await;
}

/// Those on a list; no webhook tells of them.
const SUBSCRIBERS: &str = r#"
[[route]]
name = "list"
webhook_token = "token-of-the-list"
list = 1
expect_within = "2m"
create = "person-deal"
pipeline = "Vendas"
stage = "Lead novo"
"#;

#[tokio::test(start_paused = true)]
async fn who_unsubscribes_while_the_sweep_runs_is_no_lead_on_whichever_page() {
    let setup = Setup { routes: SUBSCRIBERS.to_owned(), per_minute: 60_000, ..Setup::default() };
    let rig = Rig::with(setup).await;
    rig.activecampaign.switch(|it| it.throttle.per_second = None);
    rig.ploomes.switch(|it| it.limit = None);
    let list = rig.activecampaign.add_list("Boletim");
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let who = NewContact::new(&format!("pessoa.{number}@example.com"));
        let contact = rig.activecampaign.create_contact(who).unwrap();
        rig.activecampaign.subscribe(contact, list).unwrap();
        people.push(contact);
    }
    rig.pass(LONG).await;
    let leave = [people[3], people[110]];
    let (run, detail) = meanwhile(&rig, move |account| {
        for it in leave {
            account.unsubscribe(it, list).unwrap();
        }
    })
    .await;
    let route = &detail["routes"][0];
    assert_eq!((&run["outcome"], &route["missed"]), (&json!("complete"), &json!(119)), "{route}");
    let leads = rig.leads().await;
    assert_eq!(leads.len(), 118);
    assert!(leads.iter().all(|it| !leave.contains(&it.contact)));
    proven(&rig, 118, 118).await;
}
