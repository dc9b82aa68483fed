//! The world is lively, valid and the same for a seed.

use std::{collections::BTreeSet, time::Duration};

use rand::{SeedableRng as _, rngs::StdRng};
use tokio_util::sync::CancellationToken;

use super::{World, WorldPlan, document};
use crate::{
    clock::Clock,
    simulator::activecampaign::{ActiveCampaign, NewAutomation, Step, Switches},
};

fn world(seed: u64) -> (ActiveCampaign, World) {
    let clock = Clock::simulated("2026-05-28T10:07:18Z".parse().unwrap());
    let account = ActiveCampaign::new(clock, seed, "a-key-for-tests", Switches::default());
    let hook = |token: &str| vec![Step::Webhook(format!("/webhooks/{token}"))];
    let automations = vec![
        NewAutomation::new("Site", hook("one")).multientry(),
        NewAutomation::new("Evento", hook("two")),
    ];
    let world = World::new(account.clone(), seed, WorldPlan::new(automations));
    (account, world)
}

/// All bodies that the account sends after so many deeds.
fn deeds(seed: u64, count: usize) -> Vec<String> {
    let (account, world) = world(seed);
    for _ in 0..count {
        world.act();
    }
    account.take_due().into_iter().map(|it| it.body).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_deeds() {
    assert_eq!(deeds(7, 100), deeds(7, 100));
    assert_ne!(deeds(7, 100), deeds(8, 100));
}

#[tokio::test(start_paused = true)]
async fn everybody_lives_on_example_com_and_some_are_hard_to_copy() {
    let bodies = deeds(7, 400).join("\n");
    let emails = bodies.matches("%40example.com").count();
    assert_eq!(emails, bodies.matches("contact%5Bemail%5D=").count());
    for hard in ["%2Bsite%40", "%C3%A3", "%27", "%0A", "%F0%9F%8E%AA", "%26"] {
        assert!(bodies.contains(hard), "nobody has {hard}");
    }
}

#[tokio::test(start_paused = true)]
async fn some_enter_two_automations_and_some_come_back() {
    let (account, world) = world(7);
    for _ in 0..300 {
        world.act();
    }
    let entries = account.enrollments();
    let contacts: BTreeSet<_> = entries.iter().map(|(_, contact, _)| contact).collect();
    let pairs: BTreeSet<_> = entries.iter().map(|(_, contact, it)| (contact, it)).collect();
    assert!(pairs.len() > contacts.len(), "somebody is in both");
    assert!(entries.len() > pairs.len(), "somebody came back");
    assert_eq!(account.webhooks().len(), entries.len());
}

#[tokio::test(start_paused = true)]
async fn it_acts_at_its_pace_until_it_is_told_to_stop() {
    let (account, world) = world(7);
    let stopping = CancellationToken::new();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        stopping.cancel();
    };
    tokio::join!(world.run(stopping.clone()), stop);
    let contacts = account.contacts();
    assert!((140..200).contains(&contacts), "{contacts} in 200 s of one deed a second");
}

#[tokio::test(start_paused = true)]
async fn a_populated_account_has_people_and_nobody_in_automations() {
    let (account, world) = world(7);
    let ids = world.populate(500);
    assert_eq!(ids.len(), 500);
    assert_eq!(account.contacts(), 500);
    assert!(account.enrollments().is_empty());
    assert!(account.webhooks().is_empty());
}

#[test]
fn documents_pass_the_official_check() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut letters = 0;
    for _ in 0..2000 {
        let (cpf, cnpj) = (document::cpf(&mut rng), document::cnpj(&mut rng));
        assert!(cpf_cnpj::cpf::validate(&cpf), "{cpf}");
        assert!(cpf_cnpj::cnpj::validate(&cnpj), "{cnpj}");
        letters += usize::from(cnpj.contains(|c: char| c.is_ascii_uppercase()));
    }
    assert!(letters > 100, "some CNPJs have letters");
}
