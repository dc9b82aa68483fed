//! The admin address over a socket, with numbers made up here.

mod editing;
mod ready;
mod signed_in;

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    clock::Clock,
    config::{self, Config, Language},
    domain::{ContactId, FoundBy, LeadState, RecordId},
    ledger::{Ledger, Options, open::Opener},
    web::{
        EngineState, EngineView, Overview, ReadOverview,
        engine_state::Service,
        overview::{Deliveries, Lanes, LeadRow, Leads, Missed, Outcome, Run},
        server::Limits,
        testing::{Answer, Served, bare},
    },
};

fn config(language: Language) -> Config {
    let loaded = config::load(Path::new("config.example.toml"), &BTreeMap::new());
    let mut config = loaded.expect("the example is right").config;
    config.admin.language = language;
    config.ploomes.app_url = Some("https://app.example.com/".to_owned());
    config
}

/// A service with a page, whose clock stands at noon in São Paulo.
struct Desk {
    admin: Admin,
    served: Served,
    state: Arc<EngineState>,
    clock: Clock,
    ledger: Ledger,
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_764_169_200, 0).expect("2025-11-26 15:00 UTC")
}

impl Desk {
    async fn open(config: &Config, overview: Overview) -> Self {
        Self::with_file(config, overview, None).await
    }

    async fn with_file(config: &Config, overview: Overview, file: Option<File>) -> Self {
        let clock = Clock::simulated(noon());
        let ledger = Options::memory(7, clock.clone()).open(Opener::Command).unwrap();
        let state = Arc::new(EngineState::default());
        let read: ReadOverview = Arc::new(move || {
            let overview = overview.clone();
            Box::pin(async move { Ok(overview) })
        });
        let parts = Parts {
            ledger: ledger.clone(),
            read,
            clock: clock.clone(),
            state: Arc::clone(&state),
            jobs: Arc::default(),
            stopping: CancellationToken::new(),
            file,
        };
        let admin = Admin::new(&Live::new(config.clone()), parts);
        let served = Served::start(admin.router(), Limits::ADMIN).await;
        Self { admin, served, state, clock, ledger }
    }

    async fn get(&self, path: &str) -> Answer {
        self.served.ask(bare("GET", path)).await
    }

    async fn page(&self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200);
        answer.body
    }
}

fn lead(key: &str, state: LeadState) -> LeadRow {
    LeadRow {
        key: key.to_owned(),
        route: "site".to_owned(),
        contact: ContactId(42),
        state,
        reason: None,
        found_by: FoundBy::Webhook,
        found_at: noon() - TimeDelta::minutes(5),
        updated_at: noon() - TimeDelta::minutes(3),
        company: None,
        person: None,
        deal: None,
    }
}

fn healthy() -> Overview {
    Overview {
        deliveries: Deliveries {
            accepted: 1234,
            applied: 1200,
            merged: 34,
            ..Deliveries::default()
        },
        leads: Leads { total: 1207, done: 1200, pending: 7, ..Leads::default() },
        missed: Missed { found: 7, recovered: 6, late: 1 },
        lanes: Lanes { fresh: 7, ..Lanes::default() },
        ploomes_used: 42,
        oldest_pending: Some(noon() - TimeDelta::seconds(8)),
        last_delivery: Some(noon() - TimeDelta::seconds(4)),
        last_poll: Some(Run {
            started_at: noon() - TimeDelta::minutes(4),
            ended: Some((noon() - TimeDelta::minutes(3), Outcome::Complete)),
        }),
        recent: vec![LeadRow {
            company: Some(RecordId(7)),
            person: Some(RecordId(8)),
            deal: Some(RecordId(9)),
            ..lead("site/51", LeadState::Done)
        }],
        ..Overview::default()
    }
}

#[tokio::test]
async fn a_healthy_page_says_that_nothing_needs_anybody_in_both_languages() {
    for (language, words) in [
        (
            Language::Portuguese,
            [
                "<html lang=\"pt-BR\">",
                "Tudo certo: nada precisa de você",
                "situação em 26/11/2025 12:00:00",
                "de 1.207 leads",
                "o mais antigo chegou há 8 s",
                "6 já no Ploomes; de 1 o webhook chegou atrasado",
                "última: há 4 min",
                "negócio 9",
            ],
        ),
        (
            Language::English,
            [
                "<html lang=\"en\">",
                "All is well: nothing needs you",
                "as of 2025-11-26 12:00:00",
                "of 1,207 leads",
                "the oldest came 8 s ago",
                "6 are in Ploomes; the webhook of 1 came late",
                "last: 4 min ago",
                "deal 9",
            ],
        ),
    ] {
        let desk = Desk::open(&config(language), healthy()).await;
        desk.state.show(EngineView::default());
        let page = desk.page().await;
        for words in words {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(page.contains("<p class=\"value\">0</p>"), "the balance");
        assert!(!page.contains("class=\"attention\""), "{page}");
    }
}

#[tokio::test]
async fn what_needs_a_person_stands_first_with_what_to_do() {
    let overview = Overview {
        balance: -1,
        deliveries: Deliveries { quarantined: 2, ..healthy().deliveries },
        leads: Leads { failed: 3, in_doubt: 1, ..healthy().leads },
        failed_reasons: vec![("field.CPF is empty".to_owned(), 2), ("400".to_owned(), 1)],
        quarantine_reasons: vec![("contact not in automation 12".to_owned(), 2)],
        unknown_tokens: 5,
        paused_routes: vec!["loja".to_owned()],
        last_poll: Some(Run { started_at: noon(), ended: Some((noon(), Outcome::Partial)) }),
        ..healthy()
    };
    let desk = Desk::open(&config(Language::English), overview).await;
    desk.state.show(EngineView {
        key_refused: vec![(Service::Ploomes, noon())],
        held: vec![("site".to_owned(), vec!["stage Lead novo is gone".to_owned()])],
        ploomes_waits_until: Some(noon() + TimeDelta::seconds(30)),
        ..EngineView::default()
    });
    let page = desk.page().await;
    let attention = page.split("<ul class=\"attention\">").nth(1).unwrap();
    let attention = attention.split("</ul>").next().unwrap();
    insta::assert_snapshot!(text_of(attention), @r#"
    The balance is -1 and must be 0
    Run `ponte audit`, keep a copy of the ledger, and report it.
    Look
    Ploomes has refused the key since 2025-11-26 12:00:00
    Put a valid key in `ploomes.user_key` and start ponte again. Nothing is lost: leads wait.
    Look
    Route site is held: stage Lead novo is gone
    Its leads wait. Put it right in Ploomes, or edit the route; Settings and health checks both accounts.
    Look
    3 leads failed: field.CPF is empty (2); 400
    To do says why each did and, once that is put right, tries again.
    Look
    2 webhooks are quarantined: contact not in automation 12 (2)
    Nothing was made of them. To do says why and, once that is put right, tries again.
    Look
    5 requests came to unknown webhook URLs in 24 hours
    If a token was changed, change the URL in ActiveCampaign too; `webhook_token_previous` accepts the old one meanwhile.
    Look
    Route loja is paused
    Webhooks are kept, nothing is written. The page of the route lets it go on.
    Look
    The last poll did not read everything
    It goes on by itself. If this stays, look whether ActiveCampaign answers.
    Look
    1 lead is in doubt
    A write went unanswered. ponte looks in Ploomes before it sends anything again; nothing to do.
    Look
    Ploomes asked not to be called until 2025-11-26 12:00:30
    Its quota is used up, maybe by another integration. ponte goes on by itself.
    "#);
    assert!(page.contains("5 things need you"), "{page}");
}

/// The text of HTML, a line for each piece.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let html = html.replace("<code>", "`").replace("</code>", "`");
    for piece in html.split('<') {
        let words = piece.split_once('>').map_or(piece, |(_, words)| words).trim();
        if !words.is_empty() {
            text.push_str(words);
            text.push('\n');
        }
    }
    text
}

#[tokio::test]
async fn reasons_are_told_in_the_language_of_the_page_and_what_a_server_says_as_it_came() {
    let overview = Overview {
        failed_reasons: vec![("field.CPF is empty".to_owned(), 2)],
        leads: Leads { failed: 2, ..healthy().leads },
        recent: vec![LeadRow {
            reason: Some("Ploomes refuses the person (400): Nome inválido".to_owned()),
            ..lead("site/52", LeadState::Failed)
        }],
        ..healthy()
    };
    let page = Desk::open(&config(Language::Portuguese), overview).await.page().await;
    assert!(page.contains("2 leads falharam: field.CPF está vazio (2)"), "{page}");
    assert!(page.contains("o Ploomes recusa: pessoa (400): Nome inválido"), "{page}");
}

#[tokio::test]
async fn an_engine_that_does_not_run_is_the_first_thing_said() {
    let desk = Desk::open(&config(Language::Portuguese), healthy()).await;
    let page = desk.page().await;
    assert!(page.contains("Um ponto precisa de você"), "{page}");
    assert!(page.contains("O motor está parado"), "{page}");
}

#[tokio::test]
async fn what_others_wrote_is_escaped() {
    let evil = "<script>alert('x')</script>&\"";
    let overview = Overview {
        recent: vec![LeadRow {
            reason: Some(evil.to_owned()),
            person: Some(RecordId(8)),
            ..lead(evil, LeadState::Failed)
        }],
        failed_reasons: vec![(evil.to_owned(), 1)],
        leads: Leads { failed: 1, ..Leads::default() },
        paused_routes: vec![evil.to_owned()],
        ..Overview::default()
    };
    let desk = Desk::open(&config(Language::English), overview).await;
    let page = desk.page().await;
    assert!(!page.contains("<script>") && page.contains("&#60;script&#62;"), "{page}");
}

#[tokio::test]
async fn records_are_links_where_the_app_is_known() {
    let mut config = config(Language::English);
    let page = Desk::open(&config, healthy()).await.page().await;
    for path in ["contact/7", "contact/8", "deal/9"] {
        assert!(page.contains(&format!("href=\"https://app.example.com/{path}\"")), "{page}");
    }
    config.ploomes.app_url = None;
    let page = Desk::open(&config, healthy()).await.page().await;
    assert!(!page.contains("https://") && page.contains("<span>deal 9</span>"), "{page}");
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_runs_its_own_script_only() {
    let desk = Desk::open(&config(Language::Portuguese), healthy()).await;
    let answer = desk.get("/").await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let scripts = answer.body.matches("<script").count();
    assert_eq!((scripts, answer.body.matches("<script src=\"/assets/page.js").count()), (1, 1));
    for inline in [" style=", " onclick=", "javascript:", "<style"] {
        assert!(!answer.body.contains(inline), "{inline}");
    }
    let style = desk.get("/assets/page.css").await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(!style.body.contains("url(") && !style.body.contains("@import"));
    let script = desk.get("/assets/page.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(!script.body.contains("://"));
    assert_eq!(desk.get("/nothing").await.status, 404);
}

#[tokio::test]
async fn metrics_are_the_numbers_of_the_page() {
    let desk = Desk::open(&config(Language::English), healthy()).await;
    let answer = desk.get("/metrics").await;
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let lines: Vec<&str> = answer
        .body
        .lines()
        .filter(|line| !line.starts_with("# HELP") && !line.starts_with("# TYPE"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    process_start_time_seconds 1764169200
    ponte_deliveries_accepted_total 1234
    ponte_deliveries{fate="applied"} 1200
    ponte_deliveries{fate="merged"} 34
    ponte_deliveries{fate="ignored"} 0
    ponte_deliveries{fate="quarantined"} 0
    ponte_deliveries{fate="pending"} 0
    ponte_leads_found_total 1207
    ponte_leads{state="pending"} 7
    ponte_leads{state="in_doubt"} 0
    ponte_leads{state="done"} 1200
    ponte_leads{state="skipped"} 0
    ponte_leads{state="failed"} 0
    ponte_leads{state="erased"} 0
    ponte_missed{kind="found"} 7
    ponte_missed{kind="recovered"} 6
    ponte_missed{kind="late"} 1
    ponte_balance 0
    ponte_unknown_tokens 0
    ponte_lane_waiting{lane="fresh"} 7
    ponte_lane_waiting{lane="update"} 0
    ponte_lane_waiting{lane="repair"} 0
    ponte_lane_waiting{lane="backfill"} 0
    ponte_quota_limit{window="activecampaign_1s"} 4
    ponte_quota_limit{window="ploomes_60s"} 100
    ponte_quota_used{window="ploomes_60s"} 42
    ponte_oldest_pending_seconds 8
    ponte_last_delivery_timestamp_seconds 1764169196
    ponte_last_poll_timestamp_seconds 1764168960
    # EOF
    "#);
}
