//! Many people of one company.

use std::time::Duration;

use ponte::{domain::LeadState, simulator::activecampaign::NewContact};

use crate::rig::Rig;

#[tokio::test(start_paused = true)]
async fn the_hundredth_colleague_costs_no_more_than_the_first() {
    const COLLEAGUES: usize = 60;
    let rig = Rig::start().await;
    for number in 0..COLLEAGUES {
        let who = NewContact::new(&format!("colleague{number}@example.com"));
        rig.enters_unnoticed(NewContact { orgname: "Firma Única".to_owned(), ..who }, 1);
    }
    rig.deliver().await;
    let all = i64::try_from(COLLEAGUES).unwrap();
    rig.until("all are done", Duration::from_mins(20), |now| now.leads(LeadState::Done) == all)
        .await;
    assert_eq!(rig.made(), [1, COLLEAGUES, COLLEAGUES, COLLEAGUES]);
    let asked: Vec<_> =
        rig.sent("GET", "/Contacts?$filter").iter().map(|it| it.target.len()).collect();
    let (first, longest) = (asked[0], asked.iter().max().unwrap());
    assert!(*longest < first + 100, "a question of {first} bytes became one of {longest}");
}
