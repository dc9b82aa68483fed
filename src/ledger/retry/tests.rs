use super::*;
use crate::ledger::sample;

async fn state_and_lane(ledger: &Ledger, key: &'static str) -> (LeadState, Option<Lane>) {
    ledger
        .read(move |conn| {
            let lead = lead::by_key(conn, key)?.expect("it is there");
            Ok((lead.state, work::get(conn, lead.id)?.map(|work| work.lane)))
        })
        .await
        .unwrap()
}

async fn all_of_them(ledger: &Ledger) -> Vec<String> {
    let mut keys = Vec::new();
    failed(ledger, sample::now(), |some| keys.extend(some)).await.unwrap();
    keys
}

#[tokio::test]
async fn all_failed_leads_wait_behind_fresh_ones_and_no_other_is_touched() {
    let ledger = sample::small().await;
    let before = state_and_lane(&ledger, "site/54").await;
    assert_eq!(all_of_them(&ledger).await, ["site/53"]);
    let ana = state_and_lane(&ledger, "site/53").await;
    assert_eq!(ana, (LeadState::Pending, Some(Lane::Repair)));
    assert_eq!(state_and_lane(&ledger, "site/54").await, before);
    assert_eq!(all_of_them(&ledger).await, [""; 0]);
}

#[tokio::test]
async fn a_lead_is_put_back_as_it_is_now_and_not_as_it_was_when_it_was_chosen() {
    let ledger = sample::small().await;
    let chosen = ledger.read(|conn| lead::failed_after(conn, LeadId(0), 10)).await.unwrap();
    let put = ledger
        .write(move |tx| {
            let done = lead::Standing::default();
            lead::set_state(tx, chosen[0], LeadState::Done, &done, sample::now())?;
            put_back(tx, &chosen, &[LeadState::Failed], Lane::Repair, sample::now())
        })
        .await
        .unwrap();
    assert_eq!(put, [""; 0]);
    assert_eq!(state_and_lane(&ledger, "site/53").await, (LeadState::Done, None));
}

#[tokio::test]
async fn a_named_lead_goes_first_and_keeps_its_doubt_and_an_erased_one_stays() {
    let ledger = sample::small().await;
    let put = ledger
        .write(|tx| {
            let id = |key| Ok::<_, LedgerError>(lead::by_key(tx, key)?.expect("it is there").id);
            let leads = [id("site/53")?, id("site/54")?, id("site/60")?];
            put_back(tx, &leads, &ANY, Lane::Fresh, sample::now())
        })
        .await
        .unwrap();
    assert_eq!(put, ["site/53", "site/54"]);
    let of = [("site/53", LeadState::Pending), ("site/54", LeadState::InDoubt)];
    for (key, state) in of {
        assert_eq!(state_and_lane(&ledger, key).await, (state, Some(Lane::Fresh)), "{key}");
    }
    assert_eq!(state_and_lane(&ledger, "site/60").await, (LeadState::Erased, None));
}

#[tokio::test]
async fn quarantined_deliveries_are_read_again() {
    let ledger = sample::small().await;
    assert_eq!(quarantined(&ledger, sample::now()).await.unwrap(), 1);
    assert_eq!(quarantined(&ledger, sample::now()).await.unwrap(), 0);
}
