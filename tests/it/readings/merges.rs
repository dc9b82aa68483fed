//! Contacts that are merged, deleted, or get another address, at each moment of a lead's life.

use std::time::Duration;

use ponte::{
    domain::{AutomationId, ContactId, Fate, LeadState},
    simulator::{
        activecampaign::{MergeRules, NewContact, Switches},
        fault::{Target, When},
    },
};

use crate::rig::{PATIENCE, Rig, Setup, ana, bruno, is_settled, status};

/// What a merge may do with rows.
fn rules() -> impl Iterator<Item = MergeRules> {
    [false, true].into_iter().flat_map(|new_ids| {
        [false, true]
            .into_iter()
            .map(move |same_automation_vanishes| MergeRules { new_ids, same_automation_vanishes })
    })
}

async fn with(merge: MergeRules) -> Rig {
    let activecampaign = Switches { merge, ..Switches::default() };
    Rig::with(Setup { activecampaign, ..Setup::default() }).await
}

/// Somebody who is a contact and enters nothing.
fn winner(rig: &Rig) -> ContactId {
    rig.activecampaign.create_contact(bruno()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_merge_after_the_lead_was_written_makes_no_second_lead() {
    for merge in rules() {
        let rig = with(merge).await;
        let winner = winner(&rig);
        let loser = rig.enters(ana(), 1).await;
        rig.settled().await;
        rig.pass(Duration::from_mins(1)).await;
        rig.activecampaign.merge(winner, loser).unwrap();
        for _ in 0..3 {
            rig.pass(Duration::from_mins(3)).await;
            assert_eq!(rig.poll().await["outcome"], "complete");
        }
        rig.settled().await;
        let lead = rig.lead().await;
        assert_eq!(rig.made()[2..], [1, 1], "{merge:?}");
        // The winner enters again: its own lead, on the person that the ledger has for it.
        rig.activecampaign.enroll(winner, AutomationId(1)).unwrap();
        rig.deliver().await;
        rig.settled().await;
        assert_eq!(rig.made()[2..], [2, 2], "{merge:?}");
        assert_eq!(rig.leads().await.len(), 2, "{merge:?} {lead:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merge_of_two_who_both_entered_keeps_two_leads() {
    for merge in rules() {
        let rig = with(merge).await;
        // In the very same second.
        let winner = rig.enters_unnoticed(bruno(), 1);
        let loser = rig.enters(ana(), 1).await;
        rig.settled().await;
        assert_eq!(rig.made(), [2, 2, 2, 2]);
        rig.activecampaign.merge(winner, loser).unwrap();
        for _ in 0..3 {
            rig.pass(Duration::from_mins(3)).await;
            rig.poll().await;
        }
        // A webhook of the winner makes it be looked at once more.
        rig.post("/webhooks/token-of-the-site", &format!("contact[id]={winner}")).await;
        rig.settled().await;
        assert_eq!(rig.made(), [2, 2, 2, 2], "{merge:?}");
        assert_eq!(rig.leads().await.len(), 2, "{merge:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merge_before_anything_was_written_loses_no_lead() {
    for merge in rules() {
        for looked_at_again in [false, true] {
            let rig = with(merge).await;
            let winner = winner(&rig);
            rig.ploomes.faults().stand(Target::any(), status(503, When::Before));
            let loser = rig.enters(ana(), 1).await;
            rig.until("it is a lead", PATIENCE, |now| now.total == 1).await;
            rig.activecampaign.merge(winner, loser).unwrap();
            if looked_at_again {
                // AC delivers twice, and the second one finds the contact gone.
                rig.post("/webhooks/token-of-the-site", &format!("contact[id]={loser}")).await;
                rig.pass(Duration::from_secs(10)).await;
            }
            rig.pass(Duration::from_mins(3)).await;
            rig.poll().await;
            rig.pass(Duration::from_secs(10)).await;
            rig.ploomes.faults().clear();
            rig.until("it is done", Duration::from_mins(40), |now| now.leads(LeadState::Done) == 1)
                .await;
            assert_eq!(rig.made()[2..], [1, 1], "{merge:?} {looked_at_again}");
            assert_eq!(rig.leads().await.len(), 1, "{merge:?} {looked_at_again}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_merge_before_its_webhook_was_looked_up_loses_no_lead() {
    for merge in rules() {
        let rig = with(merge).await;
        let winner = winner(&rig);
        let loser = rig.enters_unnoticed(ana(), 1);
        rig.activecampaign.merge(winner, loser).unwrap();
        rig.deliver().await;
        rig.pass(Duration::from_mins(1)).await;
        assert_eq!(rig.counts().await.deliveries(Fate::Ignored), 1, "{merge:?}");
        rig.pass(Duration::from_mins(2)).await;
        rig.poll().await;
        rig.settled().await;
        assert_eq!(rig.counts().await.missed.recovered, 1, "{merge:?}");
        assert_eq!(rig.made(), [1, 1, 1, 1], "{merge:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_deleted_before_its_lead_was_written_is_skipped_and_its_deliveries_ignored() {
    for not_found_as_403 in [false, true] {
        let activecampaign = Switches { not_found_as_403, ..Switches::default() };
        let rig = Rig::with(Setup { activecampaign, ..Setup::default() }).await;
        rig.enters(bruno(), 1).await;
        rig.settled().await;
        let gone = rig.enters_unnoticed(ana(), 1);
        rig.activecampaign.delete(gone).unwrap();
        rig.deliver().await;
        rig.settled().await;
        let now = rig.counts().await;
        assert_eq!((now.total, now.deliveries(Fate::Ignored)), (1, 1), "{not_found_as_403}");
        assert_eq!(rig.made(), [1, 1, 1, 1], "{not_found_as_403}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_deleted_after_its_lead_was_written_changes_nothing() {
    let rig = Rig::start().await;
    let contact = rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.activecampaign.delete(contact).unwrap();
    rig.post("/webhooks/token-of-the-site", &format!("contact[id]={contact}")).await;
    rig.pass(Duration::from_mins(3)).await;
    rig.poll().await;
    rig.settled().await;
    assert_eq!(rig.lead().await.state, LeadState::Done);
    assert_eq!(rig.made(), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn another_address_is_the_same_person() {
    let rig = Rig::start().await;
    let contact = rig.enters(ana(), 1).await;
    rig.settled().await;
    rig.pass(Duration::from_mins(1)).await;
    rig.activecampaign.change_email(contact, "ana.lima@example.com").unwrap();
    rig.pass(Duration::from_mins(1)).await;
    rig.activecampaign.enroll(contact, AutomationId(1)).unwrap();
    rig.deliver().await;
    rig.poll().await;
    rig.settled().await;
    assert_eq!(rig.made(), [1, 1, 2, 2]);
    let person = rig.leads().await[0].person.unwrap().0;
    assert_eq!(rig.ploomes.contact(person).unwrap()["Email"], "ana.lima@example.com");
}

#[tokio::test(start_paused = true)]
async fn an_import_into_one_second_costs_a_call_or_two_each_and_its_merges_are_followed() {
    const PEOPLE: usize = 120;
    let rig = with(MergeRules { new_ids: true, ..MergeRules::default() }).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let who = NewContact::new(&format!("importada{number}@example.com"));
        people.push(rig.enters_unnoticed(who, 1));
    }
    rig.deliver().await;
    rig.until("all are matched", PATIENCE, |now| now.deliveries(Fate::Pending) == 0).await;
    let asked = rig.activecampaign.requests().len();
    assert!(asked <= 2 * PEOPLE, "{asked} calls for {PEOPLE} people");
    rig.until("all are done", PATIENCE, is_settled).await;
    // Tidied up a day later; the rows come back under new ids.
    let winner = winner(&rig);
    rig.activecampaign.merge(winner, people[70]).unwrap();
    rig.activecampaign.merge(people[3], people[4]).unwrap();
    for _ in 0..2 {
        rig.pass(Duration::from_mins(3)).await;
        assert_eq!(rig.poll().await["outcome"], "complete");
        rig.settled().await;
    }
    assert_eq!(rig.leads().await.len(), PEOPLE);
    assert_eq!(rig.made()[2], PEOPLE);
}
