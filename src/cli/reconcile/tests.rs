//! What the forecast says, and what is refused before anything is asked of anybody.

use std::{collections::BTreeMap, io::Write};

use clap::Parser;

use super::*;
use crate::{
    cli::args::{Args, Command, Format},
    ledger::{
        report::RouteCounts,
        run::Outcome,
        sample::reconciled::{SOMETHING, reconciled},
    },
};

fn asked(line: &str) -> Reconcile {
    let line = format!("ponte reconcile {line}");
    match Args::try_parse_from(line.split_whitespace()).expect("it is understood").command {
        Command::Reconcile(asked) => asked,
        _ => panic!("it is a reconciliation"),
    }
}

fn config() -> Config {
    let text = "
        [activecampaign]
        url = \"https://example.api-us1.com\"
        api_key = \"hidden\"
        [ploomes]
        user_key = \"hidden\"
        requests_per_minute = 90
        [[route]]
        name = \"site\"
        webhook_token = \"hidden-0123456789\"
        automation = 12
        pipeline = \"Vendas\"
        stage = 7";
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    crate::config::load(file.path(), &BTreeMap::new()).expect("it is accepted").config
}

#[test]
fn what_is_asked_for_is_understood() {
    let asked = asked("--route site --mode repair --wait 15m --format csv --output a.csv");
    assert_eq!((asked.route.as_deref(), asked.mode), (Some("site"), Some(ReconcileMode::Repair)));
    assert_eq!((asked.wait, asked.shown.format()), (Duration::from_mins(15), Format::Csv));
    let plain = self::asked("");
    assert_eq!((plain.mode, plain.wait, plain.all), (None, Duration::from_hours(1), false));
    assert_eq!(plain.shown.format(), Format::Text);
    assert_eq!(self::asked("--json").shown.format(), Format::Json);
}

#[test]
fn everything_is_not_brought_in_unasked() {
    let refused = |line: &str, terminal| may_ask(&asked(line), terminal).is_err();
    assert!(refused("--all", false), "nobody to ask");
    assert!(!refused("--all", true));
    assert!(!refused("--all --yes", false));
    assert!(refused("--all --yes --mode report", true), "a report brings nothing in");
}

#[tokio::test]
async fn the_forecast_is_four_calls_a_lead_at_the_pace_of_the_limit() {
    let config = config();
    let ledger = reconciled().await;
    let zone = config.schedule.timezone;
    let run = ledger.read(move |conn| ledger::report::read(conn, Some(SOMETHING), zone));
    let mut run = run.await.unwrap().unwrap();
    run.detail.routes = vec![RouteCounts { missed: 1_200, stale: 30, ..RouteCounts::default() }];
    let whole = Reconciliation::new(run.clone(), &config);
    let hours = Duration::from_hours(1);
    assert_eq!(
        forecast(&whole, 0, hours, &config),
        "1200 leads are missing and 30 are out of date. To bring them in takes up to 4920 calls to \
         Ploomes: about 54 min 40 s at 90 a minute, after what comes fresh."
    );
    assert_eq!(
        forecast(&whole, 270, hours, &config),
        "1200 leads are missing and 30 are out of date. 270 wait in the queue already. To bring \
         them in takes up to 6000 calls to Ploomes: about 1 h 6 min at 90 a minute, after what comes \
         fresh. That is more than the 1 h that are waited (--wait): what is left then stays in the \
         queue, and `ponte run`, or this command again, goes on with it."
    );
    run.outcome = Outcome::Partial;
    let part = forecast(&Reconciliation::new(run, &config), 0, hours, &config);
    assert!(part.starts_with("Not everything could be read: at least 1200 leads"), "{part}");
}
