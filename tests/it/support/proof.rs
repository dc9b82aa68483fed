//! What holds at the end of every test, whatever happened in it.

use std::collections::BTreeMap;

use ponte::ledger;
use serde_json::Value;

use super::service::Service;

/// The balance is 0, the chain is whole, and nothing is in Ploomes twice.
pub async fn all(service: &Service) {
    balance_is_zero(service).await;
    audit_ok(service).await;
    no_record_twice(service).await;
}

/// Everything that was accepted or found is accounted for.
pub async fn balance_is_zero(service: &Service) {
    let counts = service.counts().await;
    assert_eq!(counts.balance(), 0, "{counts:?}");
}

/// The chain is whole, and says what the rows say.
pub async fn audit_ok(service: &Service) {
    let outcome = service.ledger.read(|conn| ledger::audit::audit(conn, None)).await.unwrap();
    assert!(outcome.ok(), "{outcome:?}");
}

/// No e-mail has two persons, no name two companies, no deal two leads; and each deal that came
/// over the API has one lead.
pub async fn no_record_twice(service: &Service) {
    let accounts = &service.accounts;
    each_once("e-mail", accounts.persons().iter().map(|it| folded(&it["Email"])));
    each_once("company name", accounts.companies().iter().map(|it| folded(&it["Name"])));
    let leads = service.leads().await;
    let held: Vec<i64> = leads.iter().filter_map(|it| it.deal.map(|id| id.0)).collect();
    each_once("lead's deal", held.iter().map(ToString::to_string));
    for applied in accounts.ploomes.applied() {
        let is_new_deal = applied.entity == "Deals" && applied.method == "POST";
        // A path with an id is about a deal that is there, such as winning it.
        if is_new_deal && !applied.path.contains('(') {
            assert!(held.contains(&applied.id), "no lead holds deal {}", applied.id);
        }
    }
}

fn each_once(what: &str, all: impl Iterator<Item = String>) {
    let mut counts = BTreeMap::<String, usize>::new();
    for it in all.filter(|it| !it.is_empty()) {
        *counts.entry(it).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    assert!(counts.is_empty(), "more than once, by {what}: {counts:?}");
}

fn folded(text: &Value) -> String {
    text.as_str().unwrap_or_default().trim().to_lowercase()
}
