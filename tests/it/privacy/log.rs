//! The log, at its most talkative, while both services say whom they are about.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use ponte::simulator::fault::Target;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    bytes::MARIA,
    erased::{ECHO, maria, rig},
};
use crate::rig::bruno;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_at_its_most_talkative_names_nobody_whatever_the_services_say() {
    let lines = Lines::default();
    // Everything of every library too, which the real log leaves out.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    // With but one subscriber in the process, `tracing` asks whichever thread comes to a message first
    // whether anybody wants it, and keeps the answer: other tests' threads have no subscriber.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let _log = tracing::subscriber::set_default(subscriber);
    let home = tempfile::tempdir().unwrap();
    let rig = rig(home.path()).await;
    rig.enters(bruno(), 1).await;
    rig.settled().await;

    let id = rig.enters_unnoticed(maria(), 1);
    let webhook = rig.activecampaign.take_due().remove(0);
    let target = |method, path| Target::new(method, path);
    for status in [500, 429, 403, 400] {
        rig.answer_next(target(Method::POST, "/Contacts"), status, ECHO);
        rig.answer_next(target(Method::GET, "/Contacts"), status, ECHO);
        rig.post(&webhook.target, &webhook.body).await;
        rig.pass(Duration::from_mins(20)).await;
    }
    rig.answer_next(target(Method::POST, "/Contacts"), 200, ECHO);
    rig.post(&webhook.target, "email=marcia.quaresma%2Bsite%40example.com").await;
    rig.activecampaign.change_email(id, MARIA.emails[1]).unwrap();
    rig.answer_next(target(Method::PATCH, "/Contacts"), 422, ECHO);
    rig.poll().await;
    rig.pass(Duration::from_mins(20)).await;
    for path in ["/Contacts", "/Deals", "/Account"] {
        rig.answer_next(target(Method::GET, path), 400, ECHO);
    }
    // ActiveCampaign names her too, in errors and in answers that are none.
    for (status, path) in
        [(500, "/contacts/"), (403, "/contacts?"), (200, "/contacts/"), (422, "/")]
    {
        rig.source.answer_next(target(Method::GET, path), status, ECHO);
        rig.post(&webhook.target, &webhook.body).await;
        rig.poll().await;
        rig.pass(Duration::from_mins(20)).await;
    }
    rig.source.answer_next(target(Method::GET, "/contacts?"), 400, ECHO);
    rig.reconcile("report").await;
    let _ = rig.engine.perform("plan", &json!({ "contact": id })).await;
    let _ = rig.engine.perform("check", &json!({})).await;
    rig.pass(Duration::from_mins(20)).await;
    ponte::ledger::person::erase(
        &rig.ledger,
        &ponte::ledger::person::Who::Email(MARIA.emails[1].to_owned()),
        rig.now(),
    )
    .await
    .unwrap();

    let log = lines.0.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&log);
    let words = text.to_lowercase();
    let is_full = ["settled a lead", "a write to ploomes", "polled"];
    assert!(is_full.iter().all(|it| words.contains(it)), "too little was logged: {text}");
    assert_eq!(MARIA.within(&log), [""; 0]);
    // Nor does what a run says of itself, which nobody erases.
    assert_eq!(MARIA.found_in(home.path()), [""; 0]);
}
