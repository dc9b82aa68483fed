//! Webhooks: their bodies, their luck, and how they are sent.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;

use super::{account, account_with, add};
use crate::{
    domain::{AutomationId, ContactId, FieldId},
    simulator::activecampaign::{
        ActiveCampaign, GlobalWebhook, NewAutomation, NewContact, NewField, Receiver, Step,
        WebhookFate, WebhookLuck,
    },
    transport::{Remote, Wire, WireError},
};

/// Takes webhooks, and answers with one status after some time.
struct Taker {
    status: u16,
    takes: Duration,
    seen: Mutex<Vec<(String, String)>>,
}

impl Taker {
    fn new(status: u16, takes: Duration) -> Arc<Self> {
        Arc::new(Self { status, takes, seen: Mutex::default() })
    }

    fn receiver(self: &Arc<Self>) -> Receiver {
        let base = "http://127.0.0.1:8080".to_owned();
        Receiver { wire: Wire::InProcess(Arc::<Self>::clone(self)), base }
    }

    fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

impl Remote for Taker {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            self.seen.lock().unwrap().push((request.uri().to_string(), body));
            tokio::time::sleep(self.takes).await;
            Ok(Response::builder().status(self.status).body(Bytes::new()).unwrap())
        })
    }
}

fn automation(account: &ActiveCampaign) -> AutomationId {
    let steps = vec![Step::Webhook("/webhooks/token".into())];
    account.add_automation(NewAutomation::new("Site", steps).multientry())
}

/// So many contacts, each entering once.
fn enter(account: &ActiveCampaign, count: usize) {
    let automation = automation(account);
    for number in 0..count {
        let id = add(account, &format!("p{number}@example.com"));
        account.enroll(id, automation).unwrap();
    }
}

/// A contact with everything that a body has.
fn ana(account: &ActiveCampaign) -> ContactId {
    let updated = account.add_field(NewField::new("crm-updated", "text"));
    account.add_field(NewField::new("Cargo", "text"));
    let new = NewContact::new("ana+x@example.com")
        .named("Ana", "D'Ávila")
        .phone("+55 11 90000-0000")
        .field(updated, "||a||b & c||");
    let id = account.create_contact(new).unwrap();
    for tag in ["Lead site", "Orçamento, grande"] {
        let tag = account.add_tag(tag);
        account.tag(id, tag).unwrap();
    }
    let company = account.add_account("Padaria Exemplo");
    account.link_account(id, company).unwrap();
    id
}

fn next_body(account: &ActiveCampaign) -> String {
    account.take_due().remove(0).body
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_automation_is_as_php_writes_it() {
    let (account, _) = account();
    let id = ana(&account);
    let automation = automation(&account);
    account.enroll(id, automation).unwrap();
    assert_eq!(
        next_body(&account),
        "contact%5Bid%5D=1&contact%5Bemail%5D=ana%2Bx%40example.com&contact%5Bfirst_name%5D=Ana\
         &contact%5Blast_name%5D=D%27%C3%81vila&contact%5Bphone%5D=%2B55+11+90000-0000\
         &contact%5Borgname%5D=Padaria+Exemplo&contact%5Bcustomer_acct_name%5D=Padaria+Exemplo\
         &contact%5Btags%5D=Lead+site%2C+Or%C3%A7amento%2C+grande&contact%5Bip4%5D=203.0.113.2\
         &contact%5Bfields%5D%5Bcrm-updated%5D=%7C%7Ca%7C%7Cb+%26+c%7C%7C&seriesid=1"
    );
}

#[tokio::test(start_paused = true)]
async fn older_bodies_and_empty_fields_are_switches() {
    let (account, _) = account_with(|it| it.webhooks.older_body = true);
    let id = ana(&account);
    let automation = automation(&account);
    account.enroll(id, automation).unwrap();
    let body = next_body(&account);
    assert!(!body.contains("tags") && !body.contains("customer_acct_name"), "{body}");
    account.switch(|it| it.webhooks.empty_fields = true);
    account.enroll(id, automation).unwrap();
    let body = next_body(&account);
    assert!(body.ends_with("&contact%5Bfields%5D%5Bcargo%5D=&seriesid=1"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_global_webhook_has_its_own_body_and_numeric_fields() {
    let (account, _) = account();
    let id = ana(&account);
    account.add_webhook(GlobalWebhook {
        target: "/webhooks/token".into(),
        events: vec!["contact_tag_added".into()],
        system: false,
    });
    let tag = account.add_tag("VIP");
    account.tag(id, tag).unwrap();
    account.set_field(id, FieldId(1), "x").unwrap();
    let due = account.take_due();
    assert_eq!(due.len(), 1, "only the event that was asked for");
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(due[0].body.as_bytes()).into_owned().collect();
    let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "type",
            "date_time",
            "initiated_from",
            "initiated_by",
            "list",
            "contact[id]",
            "contact[email]",
            "contact[first_name]",
            "contact[last_name]",
            "contact[phone]",
            "contact[ip]",
            "contact[tags]",
            "contact[orgname]",
            "contact[customer_acct_name]",
            "contact[fields][1]",
            "customer_acct_name",
            "customer_acct_id",
            "orgname",
            "account_id",
            "tag",
        ]
    );
    assert_eq!(pairs[0].1, "contact_tag_added");
    assert_eq!(pairs[1].1, "2026-05-28T05:07:18-05:00");
    assert_eq!(pairs[19].1, "VIP");
}

#[tokio::test(start_paused = true)]
async fn a_global_webhook_that_is_gone_is_switched_off() {
    let (account, _) = account();
    let id = add(&account, "a@example.com");
    let list = account.add_list("L");
    let events = vec!["subscribe".into(), "unsubscribe".into()];
    account.add_webhook(GlobalWebhook { target: "/w".into(), events, system: false });
    let taker = Taker::new(410, Duration::ZERO);
    account.subscribe(id, list).unwrap();
    assert_eq!(account.send_due(&taker.receiver()).await, 1);
    account.unsubscribe(id, list).unwrap();
    assert_eq!(account.send_due(&taker.receiver()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_a_snapshot_of_the_moment_when_the_step_ran() {
    let (account, clock) = account_with(|it| {
        it.webhooks.delay_min = Duration::from_mins(1);
        it.webhooks.delay_max = Duration::from_mins(1);
    });
    let automation = automation(&account);
    let id = add(&account, "before@example.com");
    account.enroll(id, automation).unwrap();
    account.change_email(id, "after@example.com").unwrap();
    assert!(account.take_due().is_empty(), "not due yet");
    assert_eq!(account.due(), Some(super::start() + TimeDelta::seconds(60)));
    clock.step(TimeDelta::seconds(60));
    assert!(next_body(&account).contains("before%40example.com"));
}

#[tokio::test(start_paused = true)]
async fn exactly_those_that_were_dropped_never_arrive() {
    let (account, _) = account_with(|it| it.webhooks.dropped_per_mille = 300);
    enter(&account, 200);
    let taker = Taker::new(200, Duration::ZERO);
    account.send_due(&taker.receiver()).await;
    let lost = account.lost_webhooks();
    assert!((30..90).contains(&lost.len()), "{}", lost.len());
    let arrived = taker.bodies().len();
    assert_eq!(arrived + lost.len(), 200);
    let dropped: BTreeSet<_> = account
        .webhooks()
        .into_iter()
        .filter(|it| it.fate == WebhookFate::Dropped)
        .filter_map(|it| it.enrollment.map(|(id, _)| id))
        .collect();
    assert_eq!(dropped, lost);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_luck() {
    let luck = WebhookLuck {
        dropped_per_mille: 200,
        duplicated_per_mille: 200,
        overtaken_per_mille: 200,
        overtaken_by: Duration::from_secs(30),
        delay_max: Duration::from_secs(90),
        ..WebhookLuck::default()
    };
    let records = || {
        let (account, _) = account_with(|it| it.webhooks = luck);
        enter(&account, 50);
        account.webhooks()
    };
    assert_eq!(records(), records());
}

#[tokio::test(start_paused = true)]
async fn webhooks_can_come_twice_and_out_of_order() {
    let (account, clock) = account_with(|it| {
        it.webhooks.duplicated_per_mille = 1000;
        it.webhooks.overtaken_per_mille = 500;
        it.webhooks.overtaken_by = Duration::from_secs(30);
    });
    enter(&account, 20);
    clock.step(TimeDelta::seconds(60));
    let order: Vec<_> = account.take_due().iter().map(|it| it.record).collect();
    assert_eq!(order.len(), 40);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_ne!(order, sorted, "some were overtaken");
    sorted.dedup();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_doubled_webhook_has_arrived_when_one_of_the_two_has() {
    for statuses in [[Some(500), Some(200)], [Some(200), None]] {
        let (account, _) = account_with(|it| it.webhooks.duplicated_per_mille = 1000);
        enter(&account, 1);
        for (outgoing, status) in account.take_due().iter().zip(statuses) {
            account.sent(outgoing, status);
        }
        assert_eq!(account.webhooks()[0].fate, WebhookFate::Delivered);
        assert!(account.lost_webhooks().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn webhooks_that_are_held_back_come_in_one_burst() {
    let (account, clock) = account_with(|it| it.webhooks.burst_every = Duration::from_mins(10));
    let automation = automation(&account);
    for number in 0..5 {
        let id = add(&account, &format!("p{number}@example.com"));
        account.enroll(id, automation).unwrap();
        clock.step(TimeDelta::seconds(20));
    }
    assert!(account.take_due().is_empty());
    let dues: BTreeSet<_> = account.webhooks().iter().map(|it| it.due).collect();
    assert_eq!(dues, BTreeSet::from(["2026-05-28T10:10:00Z".parse().unwrap()]));
    clock.step(TimeDelta::seconds(100));
    assert_eq!(account.take_due().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_sent_once_whatever_is_answered() {
    for (status, takes, fate) in [
        (200, Duration::ZERO, WebhookFate::Delivered),
        (204, Duration::from_millis(4999), WebhookFate::Delivered),
        (500, Duration::ZERO, WebhookFate::Failed),
        (302, Duration::ZERO, WebhookFate::Failed),
        (200, Duration::from_secs(6), WebhookFate::Failed),
    ] {
        let (account, _) = account();
        enter(&account, 1);
        let taker = Taker::new(status, takes);
        account.send_due(&taker.receiver()).await;
        assert_eq!(account.webhooks()[0].fate, fate, "{status} after {takes:?}");
        assert_eq!(account.send_due(&taker.receiver()).await, 0, "never again");
        assert_eq!(taker.bodies().len(), 1);
        let target = taker.seen.lock().unwrap()[0].0.clone();
        assert_eq!(target, "http://127.0.0.1:8080/webhooks/token");
    }
}

#[tokio::test(start_paused = true)]
async fn the_sender_sends_what_comes_while_it_waits() {
    let (account, _) = account();
    let taker = Taker::new(200, Duration::from_millis(100));
    let stopping = CancellationToken::new();
    let automation = automation(&account);
    let acts = async {
        for number in 0..3 {
            tokio::time::sleep(Duration::from_secs(7)).await;
            let id = add(&account, &format!("p{number}@example.com"));
            account.enroll(id, automation).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        stopping.cancel();
    };
    let before = tokio::time::Instant::now();
    tokio::join!(account.send_webhooks(taker.receiver(), stopping.clone()), acts);
    assert_eq!(before.elapsed(), Duration::from_secs(22));
    assert_eq!(taker.bodies().len(), 3);
    assert!(account.webhooks().iter().all(|it| it.fate == WebhookFate::Delivered));
}

#[tokio::test(start_paused = true)]
async fn the_sender_lets_many_wait_for_answers_at_once() {
    let (account, _) = account();
    enter(&account, 100);
    let taker = Taker::new(200, Duration::from_secs(1));
    let stopping = CancellationToken::new();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        stopping.cancel();
    };
    tokio::join!(account.send_webhooks(taker.receiver(), stopping.clone()), stop);
    assert!(account.webhooks().iter().all(|it| it.fate == WebhookFate::Delivered));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_posted_to_another_machine() {
    let (account, _) = account();
    let steps = vec![Step::Webhook("http://receiver.example.com/webhooks/token".into())];
    let automation = account.add_automation(NewAutomation::new("Site", steps));
    let id = add(&account, "a@example.com");
    account.enroll(id, automation).unwrap();
    // A proxy on a closed port: should it be posted after all, it goes nowhere.
    let proxy = reqwest::Proxy::all("http://127.0.0.1:9").unwrap();
    let client = reqwest::Client::builder().proxy(proxy);
    let _provider = rustls::crypto::ring::default_provider().install_default();
    let wire = Wire::Http(client.build().unwrap());
    assert_eq!(account.send_due(&Receiver { wire, base: String::new() }).await, 1);
    assert_eq!(account.webhooks()[0].fate, WebhookFate::Failed);
}
