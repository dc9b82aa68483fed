//! Every report of the small made-up ledger, as text and as JSON.

use std::{collections::BTreeMap, io::Write};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::*;
use crate::{
    config::{self, Config},
    domain::{ContactId, LeadState},
    ledger::{
        self,
        sample::{self, now},
    },
};

pub(super) const CONFIG: &str = r#"
[activecampaign]
url = "https://example.api-us1.com"
api_key = "ac-hidden"

[ploomes]
user_key = "ploomes-hidden"
app_url = "https://app.example.com"

[admin]
language = "pt-BR"

[[route]]
name = "site"
webhook_token = "hidden-0123456789"
automation = 12
pipeline = "Vendas"
stage = 7
"#;

pub(super) fn config(text: &str) -> Config {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    config::load(file.path(), &BTreeMap::new()).expect("it is accepted").config
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON")
}

async fn status_of(ledger: &ledger::Ledger, config: &Config, now: DateTime<Utc>) -> Status {
    let counts = ledger.read(move |conn| ledger::status::read(conn, now)).await.unwrap();
    Status::new(counts, config, now)
}

async fn explain(contact: i64) -> Explain {
    let read = move |conn: &_| ledger::explain::read(conn, ContactId(contact));
    let story = sample::small().await.read(read).await.unwrap().expect("there is a story");
    Explain::new(story, &config(CONFIG))
}

async fn leads(state: Option<LeadState>) -> Leads {
    let read = move |conn: &_| ledger::leads::list(conn, state, None, None);
    let rows = sample::small().await.read(read).await.unwrap();
    Leads::new(rows, &config(CONFIG))
}

async fn audit_after(sql: &str) -> Audit {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute_batch(sql).unwrap();
    Audit::new(ledger::audit::audit(&conn, None).unwrap())
}

#[tokio::test]
async fn status() {
    let status = status_of(&sample::small().await, &config(CONFIG), now()).await;
    insta::assert_snapshot!("status_text", status.text());
    insta::assert_snapshot!("status_json", pretty(&status.json()));
}

#[tokio::test]
async fn status_of_an_empty_ledger() {
    let ledger = sample::large(0).await;
    let status = status_of(&ledger, &config(CONFIG), now()).await;
    insta::assert_snapshot!("status_empty_text", status.text());
    let json = status.json();
    assert_eq!((&json["last_poll"], &json["forecast"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_status_whose_balance_is_wrong_says_so_first() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("DELETE FROM delivery WHERE id = 6", []).unwrap();
    let counts = ledger::status::read(&conn, now()).unwrap();
    let status = Status::new(counts, &config(CONFIG), now());
    assert_eq!(status.json()["balance"], 1);
    let text = status.text();
    assert!(text.contains("1, and it must be 0"), "{text}");
    assert!(text.contains("person:\n* the balance is not 0: `ponte audit`"), "{text}");
}

#[tokio::test]
async fn the_next_reconciliation_is_the_one_that_goes_on_where_the_last_could_not_read_everything()
{
    let conn = sample::raw(&sample::small().await).await;
    let counts = r#"{"routes":{"1":{"missed":2},"2":{"missed":3}},"contacts":700}"#;
    let sweep = "INSERT INTO sweep (run_id, cursor, counts) VALUES (2, 700, ?1)";
    conn.execute(sweep, [counts]).unwrap();
    let next = |mode: &str| {
        let text =
            CONFIG.replace("[[route]]", &format!("[reconcile]\nmode = \"{mode}\"\n[[route]]"));
        let counts = ledger::status::read(&conn, now()).unwrap();
        Status::new(counts, &config(&text), now())
    };
    conn.execute("UPDATE run SET mode = 'repair' WHERE id = 2", []).unwrap();
    let status = next("repair");
    let json = status.json();
    // It ended at 09:07:05; the cron expression says two at night.
    assert_eq!(json["next_reconcile"], "2026-06-09T09:22:05-03:00");
    let told = &json["reconciling"];
    assert_eq!(
        (&told["run"], &told["contacts"], &told["missed"]),
        (&"2".into(), &700.into(), &5.into())
    );
    assert_eq!(told["stopped"], "2026-06-09T09:07:05-03:00");
    assert!(
        status.text().contains("700 contacts read, 5 leads missed; it could not"),
        "{}",
        status.text()
    );
    assert_eq!(next("report").json()["next_reconcile"], "2026-06-10T02:00:00-03:00");
    conn.execute("UPDATE run SET finished_at = NULL, outcome = NULL WHERE id = 2", []).unwrap();
    let under_way = next("repair").json();
    assert_eq!(under_way["next_reconcile"], "2026-06-10T02:00:00-03:00");
    assert_eq!(under_way["reconciling"]["stopped"], Value::Null);
}

#[tokio::test]
async fn the_forecast_is_what_waits_at_the_pace_of_the_limit() {
    let ledger = sample::large(1_000).await;
    let forecast = |text: String| {
        let ledger = ledger.clone();
        async move { status_of(&ledger, &config(&text), now()).await.json()["forecast"].take() }
    };
    // A hundred leads wait; the default route creates companies.
    let with_company = forecast(CONFIG.to_owned()).await;
    assert_eq!((&with_company["requests"], &with_company["seconds"]), (&400.into(), &240.into()));
    assert_eq!(with_company["empty_at"], "2026-06-09T09:14:00-03:00");
    let slow = CONFIG.replace("app_url", "requests_per_minute = 7\napp_url");
    let slow = slow.replace("stage = 7", "stage = 7\ncreate = \"person-deal\"");
    let without = forecast(slow).await;
    assert_eq!((&without["requests"], &without["seconds"]), (&300.into(), &2_572.into()));
}

#[tokio::test]
async fn no_report_but_explain_shows_a_person() {
    let status = status_of(&sample::small().await, &config(CONFIG), now()).await;
    let leads = leads(None).await;
    for text in [status.text(), pretty(&status.json()), leads.text(), pretty(&leads.json())] {
        for word in ["example.com\"", "maria", "Maria", "Lima", "Souza", "@", "hidden"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    assert_eq!(format!("{:?}", explain(1).await), "Story(1)");
}

#[tokio::test]
async fn leads_as_table_and_array() {
    let leads = leads(None).await;
    insta::assert_snapshot!("leads_text", leads.text());
    insta::assert_snapshot!("leads_json", pretty(&leads.json()));
}

#[tokio::test]
async fn no_leads_are_a_sentence_and_an_empty_array() {
    let leads = Leads::new(Vec::new(), &config(CONFIG));
    assert_eq!((leads.text().as_str(), leads.json()), ("no leads\n", Value::Array(Vec::new())));
}

#[tokio::test]
async fn explain_a_lead_that_is_done() {
    let explain = explain(1).await;
    insta::assert_snapshot!("explain_done_text", explain.text());
    insta::assert_snapshot!("explain_done_json", pretty(&explain.json()));
}

#[tokio::test]
async fn explain_what_went_another_way() {
    let mut text = String::new();
    for contact in [2, 3, 4, 5, 6, 8, 10] {
        text.push_str(&explain(contact).await.text());
        text.push_str("--\n");
    }
    insta::assert_snapshot!("explain_others_text", text);
    insta::assert_snapshot!("explain_failed_json", pretty(&explain(3).await.json()));
    insta::assert_snapshot!("explain_waiting_json", pretty(&explain(5).await.json()));
}

#[tokio::test]
async fn words_of_others_cannot_move_the_cursor() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute_batch(
        "UPDATE step SET reason = 'a' || char(27) || '[2J' || char(10) || 'b' || char(155);
         UPDATE lead SET reason = char(27) || '[31m'",
    )
    .unwrap();
    let story = ledger::explain::read(&conn, ContactId(1)).unwrap().unwrap();
    let rows = ledger::leads::list(&conn, None, None, None).unwrap();
    let config = config(CONFIG);
    for text in [Explain::new(story, &config).text(), Leads::new(rows, &config).text()] {
        let others = text.chars().filter(|it| it.is_control() && *it != '\n');
        assert_eq!(others.count(), 0, "{text:?}");
    }
}

#[tokio::test]
async fn audit_of_a_ledger_that_is_whole() {
    let ledger = sample::small().await;
    let outcome = ledger.read(|conn| ledger::audit::audit(conn, None)).await.unwrap();
    let audit = Audit::new(outcome);
    insta::assert_snapshot!("audit_ok_text", audit.text());
    insta::assert_snapshot!("audit_ok_json", pretty(&audit.json()));
}

#[tokio::test]
async fn audit_of_a_ledger_that_is_not() {
    let audit = audit_after(
        "UPDATE lead SET deal = 7002 WHERE id = 1;
         DELETE FROM delivery WHERE id = 6;
         DELETE FROM history WHERE seq = 9;
         INSERT INTO tombstone (id, at) VALUES (7, 0)",
    )
    .await;
    insta::assert_snapshot!("audit_wrong_text", audit.text());
    insta::assert_snapshot!("audit_wrong_json", pretty(&audit.json()));
}

#[tokio::test]
async fn an_audit_that_only_misses_a_head_speaks_of_the_head() {
    let ledger = sample::small().await;
    let of = |head: &'static str| ledger.read(|conn| ledger::audit::audit(conn, Some(head)));
    let audit = Audit::new(of("0123456789abcdef").await.unwrap());
    assert_eq!(audit.json()["ok"], false);
    let text = audit.text();
    assert!(text.starts_with("this ledger does not continue that head\n"), "{text}");
    assert!(!text.contains("restore") && !text.contains("NOT whole"), "{text}");
    // Where a row is wrong as well, that is what is told.
    let conn = sample::raw(&sample::small().await).await;
    conn.execute_batch("UPDATE lead SET deal = 7002 WHERE id = 1").unwrap();
    let outcome = ledger::audit::audit(&conn, Some("0123456789abcdef")).unwrap();
    assert!(Audit::new(outcome).text().starts_with("the ledger is NOT whole"));
}

#[test]
fn a_table_aligns_its_columns_and_ends_its_lines_at_their_last_word() {
    let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
    let text = table(&["from", "title"], [row(["field.CPF", ""]), row(["email", "E-mail"])]);
    let lines = ["from       title", "field.CPF", "email      E-mail", ""];
    assert_eq!(text, lines.join("\n"));
}
