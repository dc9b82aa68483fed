//! Every format over a small made-up ledger, and what each ending comes to.

use serde_json::Value;

use super::*;
use crate::{
    ledger::{
        report::read,
        run::RunId,
        sample::reconciled::{NOTHING, SOMETHING, reconciled},
    },
    report::tests::{CONFIG, config},
};

fn english() -> Config {
    config(&CONFIG.replace("pt-BR", "en"))
}

async fn run(id: RunId) -> RunReport {
    let zone = config(CONFIG).schedule.timezone;
    reconciled().await.read(move |conn| read(conn, Some(id), zone)).await.unwrap().unwrap()
}

async fn something() -> Reconciliation {
    Reconciliation::new(run(SOMETHING).await, &config(CONFIG))
}

/// The run with changes, in English.
async fn changed(change: impl FnOnce(&mut RunReport)) -> Reconciliation {
    let mut run = run(SOMETHING).await;
    change(&mut run);
    Reconciliation::new(run, &english())
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON")
}

/// The head is another with each schema: no snapshot holds it.
fn without_head(text: &str, it: &Reconciliation) -> String {
    text.replace(&crate::ledger::audit::hex(&it.run.head), "HEAD")
}

#[tokio::test]
async fn text() {
    let it = something().await;
    insta::assert_snapshot!("text", without_head(&it.text(), &it));
    let nothing = Reconciliation::new(run(NOTHING).await, &config(CONFIG));
    insta::assert_snapshot!("text_nothing", without_head(&nothing.text(), &nothing));
}

#[tokio::test]
async fn json() {
    let it = something().await;
    insta::assert_snapshot!("json", without_head(&pretty(&it.json()), &it));
}

#[tokio::test]
async fn html_in_both_languages() {
    let it = something().await;
    let style = |html: &str| {
        let (before, rest) = html.split_once("<style>").expect("a style");
        let (style, after) = rest.split_once("</style>").expect("its end");
        assert!(style.contains("@media print") && style.contains("prefers-color-scheme: dark"));
        format!("{before}{after}").replace(env!("CARGO_PKG_VERSION"), "VERSION")
    };
    insta::assert_snapshot!("html_pt_br", without_head(&style(&it.html()), &it));
    let it = changed(|_| {}).await;
    insta::assert_snapshot!("html_en", without_head(&style(&it.html()), &it));
}

#[tokio::test]
async fn the_page_needs_nothing_else_and_nobody_writes_into_it() {
    let html = something().await.html();
    for word in ["<script", "src=", "url(", "@import", "<outra>", "hidden"] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("&#60;outra&#62;") && html.contains("default-src 'none'"));
}

#[tokio::test]
async fn csv() {
    let csv = something().await.csv();
    insta::assert_snapshot!("csv", csv.replace('\u{feff}', "<BOM>").replace('\r', "<CR>"));
}

#[tokio::test]
async fn csv_opens_as_a_table_of_text() {
    let csv = something().await.csv();
    assert!(csv.as_bytes().starts_with(&[0xef, 0xbb, 0xbf]), "a byte order mark");
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').split("\r\n").collect();
    assert_eq!(
        (lines.len(), lines.last()),
        (1 + 5 + 1, Some(&"")),
        "a row each, all of them ended"
    );
    for line in &lines[..6] {
        assert!(line.starts_with('"') && line.ends_with('"'), "{line}");
        assert_eq!(line.matches("\";\"").count(), 17, "{line}");
    }
    assert!(csv.contains(r#""Ploomes: ""Origem"" não existe; escolha <outra>""#), "{csv}");
    assert!(csv.contains(r#";"1";"maria@example.com";"51";"2026-06-08 06:36:40";"#), "{csv}");
}

#[tokio::test]
async fn no_cell_is_a_formula() {
    let evil = ["=1+1", "+1", "-1", "@a", "\t=1", " =1", "\r1", "\n1"];
    let it = changed(|run| {
        let row = run.missed[0].clone();
        let with = |reason: &&str| Missed { reason: Some((*reason).to_owned()), ..row.clone() };
        run.missed = evil.iter().map(with).collect();
    })
    .await;
    for cell in evil {
        assert!(it.csv().contains(&format!(r#";"'{cell}";"#)), "{cell:?}");
    }
    assert!(something().await.csv().contains(r#""'=joao+1@example.com""#));
}

#[tokio::test]
async fn only_so_many_rows_are_for_people_and_all_are_in_the_csv() {
    let many = |rows: usize| {
        changed(move |run| {
            let row = run.missed[0].clone();
            run.missed = vec![row; rows];
        })
    };
    let text = many(52).await.text();
    assert_eq!(text.matches("maria@").count(), 50);
    let more = "and 2 more: `ponte report 2 --format csv --output missed.csv` has them all";
    assert!(text.contains(more), "{text}");
    assert!(!many(50).await.text().contains("more:"));
    let it = many(2_003).await;
    let html = it.html();
    assert_eq!((html.matches("maria@").count(), html.matches("and 3 more").count()), (2_000, 1));
    assert_eq!(it.csv().matches("maria@").count(), 2_003);
}

#[tokio::test]
async fn words_of_others_cannot_move_the_cursor() {
    let it = changed(|run| {
        run.reason = Some("a\u{1b}[2J\nb".to_owned());
        run.outcome = Outcome::Partial;
        run.missed[0].email = Some("a\u{9b}@example.com".to_owned());
    })
    .await;
    let text = it.text();
    assert_eq!(text.chars().filter(|it| it.is_control() && *it != '\n').count(), 0, "{text:?}");
}

#[tokio::test]
async fn without_an_address_of_the_app_records_are_numbers() {
    let config = config(&CONFIG.replace("app_url = ", "# app_url = "));
    let it = Reconciliation::new(run(SOMETHING).await, &config);
    assert!(it.text().contains("deal 7001"), "{}", it.text());
    assert!(it.html().contains(r#"<td class="record">negócio 7001</td>"#));
    assert!(it.csv().contains(r#""";"9001";"7001";"""#));
    let row = it.run.missed.iter().position(|it| it.deal.is_some()).unwrap();
    assert_eq!(it.json()["missed"][row]["url"], Value::Null);
}

#[tokio::test]
async fn the_first_line_says_what_it_comes_to() {
    let first = |it: Reconciliation| it.text().lines().next().unwrap_or_default().to_owned();
    let only = |state: Option<LeadState>| {
        move |run: &mut RunReport| {
            run.missed.truncate(3);
            for lead in &mut run.missed {
                lead.state = state;
            }
        }
    };
    let done = changed(only(Some(LeadState::Done))).await;
    assert_eq!(first(done), "3 leads were missed; 3 are in Ploomes now");
    let waiting = changed(only(None)).await;
    assert_eq!(first(waiting), "3 leads were missed; 3 are not in Ploomes yet");
    let partial = changed(|run| {
        only(Some(LeadState::Done))(run);
        run.missed.truncate(1);
        run.outcome = Outcome::Partial;
    });
    let partial = first(partial.await);
    let expected = "PARTIAL: not everything could be read; so far 1 lead was missed; 1 is in \
                    Ploomes now";
    assert_eq!(partial, expected);
    let nothing = changed(|run| run.missed.clear()).await;
    assert_eq!(first(nothing), "complete: nothing was missed");
}

#[tokio::test]
async fn what_is_to_be_done_is_said() {
    let says = |it: &Reconciliation, words: &str| {
        let text = it.text();
        assert!(text.contains(words), "{words} in {text}");
    };
    let partial = changed(|run| {
        run.outcome = Outcome::Partial;
        run.reason = Some("reading contacts: timeout".to_owned());
    });
    says(&partial.await, "* reading contacts: timeout. What was not read is not proved: `ponte");
    let over = changed(|run| run.detail.over_max_repairs = true).await;
    says(
        &over,
        "a run may repair (1,000), so they were left as they are: look at them, then `ponte rec",
    );
    let report = changed(|run| run.mode = "report".to_owned()).await;
    says(&report, "nothing was written: `ponte reconcile --mode repair` brings them in");
    says(&report, "1 lead is out of date in Ploomes: `ponte reconcile --mode repair` updates them");
    let running = changed(|run| {
        run.outcome = Outcome::Partial;
        run.finished = None;
    });
    says(&running.await, "* it is not finished.");
}

#[tokio::test]
async fn the_ending_follows_the_counts_and_the_mode() {
    let ending = |mode: &'static str, counts: [i64; 4], change: fn(&mut RunReport)| async move {
        let it = changed(|run| {
            let [missed, recovered, stale, failed] = counts;
            run.mode = mode.to_owned();
            run.missed.clear();
            run.detail.routes =
                vec![RouteCounts { missed, recovered, stale, failed, ..RouteCounts::default() }];
            change(run);
        });
        it.await.ending()
    };
    let as_is: fn(&mut RunReport) = |_| {};
    let partial: fn(&mut RunReport) = |run| run.outcome = Outcome::Partial;
    for (mode, counts, expected) in [
        ("report", [0, 0, 0, 0], Ending::Well),
        ("report", [1, 0, 0, 0], Ending::Wrong),
        ("report", [0, 0, 1, 0], Ending::Wrong),
        ("report", [0, 0, 0, 1], Ending::Wrong),
        ("repair", [0, 0, 0, 0], Ending::Well),
        ("repair", [3, 3, 2, 0], Ending::Well),
        ("repair", [0, 0, 0, 1], Ending::Wrong),
        // What was neither brought in nor failed is still on its way: the wait ran out.
        ("repair", [3, 2, 0, 0], Ending::Partial),
        ("repair", [3, 2, 0, 1], Ending::Partial),
    ] {
        assert_eq!(ending(mode, counts, as_is).await, expected, "{mode} {counts:?}");
        assert_eq!(ending(mode, counts, partial).await, Ending::Partial, "{mode} {counts:?}");
    }
    let over: fn(&mut RunReport) = |run| run.detail.over_max_repairs = true;
    assert_eq!(ending("repair", [3, 0, 0, 0], over).await, Ending::Wrong, "nobody waits for them");
    assert_eq!(something().await.ending(), Ending::Partial, "one failed, one is still to come");
    let failed = changed(|run| {
        run.missed.retain(|it| it.state.is_some());
        run.detail.routes[1] = RouteCounts::default();
    });
    assert_eq!(failed.await.ending(), Ending::Wrong, "one failed, all others are settled");
}

#[tokio::test]
async fn a_chart_shows_each_day_of_at_most_sixty_and_every_missed_lead() {
    use chrono::{Days, NaiveDate};

    use crate::ledger::report::Day;
    let last: NaiveDate = "2026-06-09".parse().unwrap();
    let of = |before: u64, received: i64, missed: i64| Day {
        day: last - Days::new(before),
        route: "site".to_owned(),
        received,
        missed,
    };
    let chart = |days: &[Day]| {
        let routes = ["site".to_owned(), "empty".to_owned()];
        let mut charts = chart::charts(days, &routes, last, &words::ENGLISH);
        assert_eq!(charts.len(), 1, "nothing happened on the other");
        charts.remove(0)
    };
    let short = chart(&[of(0, 5, 0)]);
    assert_eq!((short.bars.len(), short.days.as_str()), (7, "last 7 days"));
    let long = chart(&[of(59, 10_000, 0), of(3, 2, 1)]);
    assert_eq!((long.bars.len(), long.most.as_str()), (60, "10,000"));
    let bar = &long.bars[56];
    assert!(bar.down >= 3 && bar.count == "1", "one of ten thousand is seen");
    assert_eq!(bar.title, "2026-06-06: 2 by webhook, 1 missed");
    assert!(long.bars.iter().all(|it| it.x + it.width <= long.width));
    let gap = long.names.windows(2).map(|it| it[0].x - it[1].x).min();
    assert!(gap >= Some(40), "names stand apart: {gap:?}");
}

#[tokio::test]
async fn debug_shows_no_address() {
    assert_eq!(format!("{:?}", something().await), "Reconciliation(2)");
}
