//! Rows that a merge made anew, and rows that only look like it. Hours pass here in paused time.

use std::time::Duration;

use http::Method;
use ponte::{
    domain::{AutomationId, ContactId, LeadState},
    simulator::{
        activecampaign::{MergeRules, NewContact, Switches},
        fault::{Target, When},
    },
};

use crate::rig::{PATIENCE, Rig, Setup, ana, bruno, status};

/// More than the route waits for a webhook.
const LONG: Duration = Duration::from_mins(3);

/// A merge gives rows new ids, and rows show `late`.
async fn rig(late: Duration) -> Rig {
    let merge = MergeRules { new_ids: true, ..MergeRules::default() };
    let activecampaign = Switches { merge, rows_late: late, ..Switches::default() };
    Rig::with(Setup { activecampaign, ..Setup::default() }).await
}

/// Once all is seen, there are two leads, and both are the winner's.
async fn both_leads_are_of(rig: &Rig, winner: ContactId) {
    rig.settled().await;
    rig.pass(LONG).await;
    rig.poll().await;
    rig.settled().await;

    let leads = rig.leads().await;
    assert_eq!(leads.len(), 2, "{leads:#?}");
    assert!(leads.iter().all(|it| it.contact == winner), "{leads:#?}");
}

fn carla() -> NewContact {
    NewContact::new("carla@example.com").named("Carla", "Dias").phone("+55 31 96666-0003")
}

#[tokio::test(start_paused = true)]
async fn a_webhook_whose_row_is_late_does_not_pass_for_that_of_a_moved_row() {
    let rig = rig(Duration::from_secs(3)).await;
    let loser = rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_secs(20)).await;

    // The winner's webhook comes when AC shows only the row that the merge moved.
    let winner = rig.enters(bruno(), 1).await;
    rig.activecampaign.merge(winner, loser).unwrap();
    both_leads_are_of(&rig, winner).await;
    assert_eq!(rig.ploomes.deals().len(), 2);
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_came_twice_does_not_pass_for_that_of_a_moved_row() {
    let rig = rig(Duration::ZERO).await;
    // The winner cannot be looked up until the merge has moved a younger row to it.
    let winner = rig.enters_unnoticed(bruno(), 1);
    let lookup = Target::new(Method::GET, &format!("/contacts/{winner}"));
    rig.activecampaign.faults().stand(lookup, status(503, When::Before));
    rig.deliver().await;
    let body = format!("contact[id]={winner}");
    assert_eq!(rig.post("/webhooks/token-of-the-site", &body).await, 200);
    rig.pass(Duration::from_secs(10)).await;
    let loser = rig.enters(ana(), 1).await;
    rig.until("hers is there", PATIENCE, |now| now.leads(LeadState::Done) == 1).await;
    rig.activecampaign.merge(winner, loser).unwrap();
    rig.activecampaign.faults().clear();
    both_leads_are_of(&rig, winner).await;
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn who_entered_together_with_somebody_deleted_since_keeps_the_lead() {
    let rig = rig(Duration::ZERO).await;
    let first = rig.enters(ana(), 1).await;
    // In the same second; the webhook is lost.
    let second = rig.enters_unnoticed(bruno(), 1);
    for lost in rig.activecampaign.take_due() {
        rig.activecampaign.sent(&lost, None);
    }
    rig.settled().await;
    // Her next row says that she was there when his was.
    rig.pass(Duration::from_secs(20)).await;
    rig.enters(carla(), 1).await;
    rig.activecampaign.enroll(first, AutomationId(1)).unwrap();
    rig.deliver().await;
    rig.settled().await;
    rig.activecampaign.delete(first).unwrap();
    rig.pass(LONG).await;
    rig.poll().await;
    rig.settled().await;

    let leads = rig.leads().await;
    let his: Vec<_> = leads.iter().filter(|it| it.contact == second).collect();
    assert_eq!((leads.len(), his.len()), (4, 1), "{leads:#?}");
    assert_eq!(his[0].state, LeadState::Done);
    let name = "Bruno Reis";
    assert!(rig.ploomes.contacts().iter().any(|it| it["Name"] == name), "his person is made");
    rig.audited().await;
}

#[tokio::test(start_paused = true)]
async fn two_persons_of_one_contact_are_not_given_one_address_though_the_first_shows_it_late() {
    let rig = rig(Duration::ZERO).await;
    let loser = rig.enters(ana(), 1).await;
    let winner = rig.enters(bruno(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_secs(20)).await;

    // Both are written within a second: the loser's person, and the winner's with a lead of its own.
    rig.ploomes.switch(|it| it.delayed_apply = Duration::from_secs(5));
    rig.activecampaign.change_email(winner, "bruno.novo@example.com").unwrap();
    rig.activecampaign.merge(winner, loser).unwrap();
    rig.activecampaign.enroll(winner, AutomationId(1)).unwrap();
    rig.activecampaign.take_due();
    rig.pass(LONG).await;
    rig.poll().await;
    rig.settled().await;
    let people = rig.ploomes.contacts();
    let have_it = people.iter().filter(|it| it["Email"] == "bruno.novo@example.com");
    assert_eq!(have_it.count(), 1, "{people:?}");
    rig.audited().await;
}
