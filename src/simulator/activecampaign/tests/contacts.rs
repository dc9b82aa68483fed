//! `GET /contacts` and what moves `udate`.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{account, account_with, add, contact_ids, get, ids, ok};
use crate::{
    domain::ContactId,
    simulator::activecampaign::{
        ActiveCampaign, ContactChange, DateZone, Ignores, LimitAboveMaximum, NewAutomation,
        NewContact, NewField, Refused, Step, UdateMoves, UpdateStamp,
    },
};

#[tokio::test(start_paused = true)]
async fn without_an_order_contacts_come_by_email() {
    let (account, _) = account();
    for email in ["caio@example.com", "ana@example.com", "Bruno@example.com"] {
        add(&account, email);
    }
    assert_eq!(ids(&ok(&account, "/contacts").await, "contacts"), [2, 3, 1]);
    assert_eq!(ids(&ok(&account, "/contacts?orders[udate]=ASC").await, "contacts"), [2, 3, 1]);
    assert_eq!(ids(&ok(&account, "/contacts?orders[id]=DESC").await, "contacts"), [3, 2, 1]);
    account.switch(|it| it.ignores.contact_orders = true);
    assert_eq!(contact_ids(&account, "").await, [2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn ids_are_never_used_twice() {
    let (account, _) = account();
    let first = add(&account, "ana@example.com");
    account.delete(first).unwrap();
    assert_eq!(add(&account, "ana@example.com"), ContactId(2));
    assert_eq!(get(&account, "/contacts/1").await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn an_email_belongs_to_one_contact_in_any_case() {
    let (account, _) = account();
    let ana = add(&account, "ana@example.com");
    let again = account.create_contact(NewContact::new("ANA@example.com"));
    assert_eq!(again.unwrap_err(), Refused::Duplicate);
    account.change_email(ana, "ana.lima@example.com").unwrap();
    let other = add(&account, "ana@example.com");
    assert_eq!(account.change_email(other, "Ana.Lima@example.com"), Err(Refused::Duplicate));
    assert_eq!(
        account.create_contact(NewContact::new("no address")).unwrap_err(),
        Refused::EmailInvalid
    );
}

#[tokio::test(start_paused = true)]
async fn a_sweep_by_id_sees_every_contact_once() {
    let (account, _) = account();
    for number in 0..250 {
        add(&account, &format!("p{number}@example.com"));
    }
    account.delete(ContactId(100)).unwrap();
    let (mut seen, mut cursor, mut totals) = (Vec::new(), 0, Vec::new());
    for _ in 0..4 {
        let target = format!("/contacts?limit=100&orders[id]=ASC&id_greater={cursor}");
        let body = ok(&account, &target).await;
        totals.push(body["meta"]["total"].as_str().unwrap().to_owned());
        let page = ids(&body, "contacts");
        cursor = page.last().copied().unwrap_or(cursor);
        seen.extend(page);
    }
    let all: Vec<i64> = (1..=250).filter(|it| *it != 100).collect();
    assert_eq!(seen, all);
    assert_eq!(totals, ["249", "149", "49", "0"]);
}

proptest! {
    /// The shortcut for plain pages and the long way give the same rows.
    #[test]
    fn a_page_is_the_same_with_and_without_the_shortcut(
        count in 0_usize..60,
        above in 0_i64..60,
        limit in 1_usize..30,
        offset in 0_usize..30,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (account, _) = account();
            for number in 0..count {
                add(&account, &format!("p{number}@example.com"));
            }
            let query = format!("id_greater={above}&limit={limit}&offset={offset}");
            let short = ok(&account, &format!("/contacts?orders[id]=ASC&{query}")).await;
            // A filter that everybody passes makes it take the long way.
            let long = format!("/contacts?orders[id]=ASC&{query}&exclude=1000000");
            let long = ok(&account, &long).await;
            prop_assert_eq!(&short["contacts"], &long["contacts"]);
            prop_assert_eq!(&short["meta"]["total"], &long["meta"]["total"]);
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_above_100_is_clamped_or_refused() {
    let (account, _) = account();
    for number in 0..120 {
        add(&account, &format!("p{number}@example.com"));
    }
    assert_eq!(contact_ids(&account, "").await.len(), 20);
    assert_eq!(contact_ids(&account, "limit=500").await.len(), 100);
    assert_eq!(contact_ids(&account, "limit=1&limit=2").await.len(), 2, "the last one counts");
    account.switch(|it| it.limit_above_maximum = LimitAboveMaximum::Refused);
    let (status, body) = get(&account, "/contacts?limit=101").await;
    assert_eq!((status, body["errors"][0]["code"].as_str()), (422, Some("field_invalid")));
}

#[tokio::test(start_paused = true)]
async fn unknown_filters_are_ignored_and_unreadable_ones_refused() {
    let (account, _) = account();
    add(&account, "ana@example.com");
    assert_eq!(contact_ids(&account, "filters[nonsense]=1").await, [1]);
    let (status, body) = get(&account, "/contacts?filters[updated_after]=yesterday").await;
    assert_eq!(status, 400);
    assert_eq!(body["errors"][0]["source"]["parameter"], "filters.updated_after");
    assert_eq!(get(&account, "/contacts?id_greater=x").await.0, 400);
    let past_the_end = ok(&account, "/contacts?offset=1000").await;
    assert_eq!(ids(&past_the_end, "contacts"), Vec::<i64>::new());
    assert_eq!(past_the_end["meta"]["total"], "1");
}

/// A contact whose `udate` is 10:07:18 UTC and whose `updated_timestamp` is a minute later.
fn touched_contact(account: &ActiveCampaign, clock: &crate::clock::Clock) {
    let id = add(account, "ana@example.com");
    clock.step(TimeDelta::seconds(60));
    account.engage(id).unwrap();
}

#[tokio::test(start_paused = true)]
async fn updated_after_can_be_read_in_each_way() {
    let exact = "2026-05-28T10:07:18.000Z";
    for (zone, inclusive, stamp, cutoff, found) in [
        (DateZone::Utc, false, UpdateStamp::Udate, exact, false),
        (DateZone::Utc, true, UpdateStamp::Udate, exact, true),
        (DateZone::Utc, false, UpdateStamp::Udate, "2026-05-28T10:07:17Z", true),
        (DateZone::Utc, false, UpdateStamp::Udate, "2026-05-28 05:07:17", true),
        (DateZone::Utc, false, UpdateStamp::Udate, "2026-05-28T05:07:17-05:00", true),
        (DateZone::Utc, false, UpdateStamp::UpdatedTimestamp, exact, true),
        (DateZone::Local, false, UpdateStamp::Udate, "2026-05-28T10:07:17Z", false),
        (DateZone::Local, false, UpdateStamp::Udate, "2026-05-28T05:07:17Z", true),
        (DateZone::DateOnly, false, UpdateStamp::Udate, "2026-05-28T23:00:00Z", true),
        (DateZone::DateOnly, false, UpdateStamp::Udate, "2026-05-29", false),
        (DateZone::Utc, false, UpdateStamp::Udate, "2030-01-01", false),
    ] {
        let (account, clock) = account_with(|it| {
            (it.dates.zone, it.dates.inclusive, it.dates.stamp) = (zone, inclusive, stamp);
        });
        touched_contact(&account, &clock);
        let query = format!("filters[updated_after]={}", cutoff.replace('+', "%2B"));
        let rows = contact_ids(&account, &query).await.len();
        assert_eq!(rows, usize::from(found), "{zone:?} {inclusive} {stamp:?} {cutoff}");
    }
}

#[tokio::test(start_paused = true)]
async fn contacts_are_found_by_tag_list_and_automation() {
    let (account, _) = account();
    let (tag, list) = (account.add_tag("Lead"), account.add_list("Novidades"));
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    let people: Vec<_> =
        (0..4).map(|number| add(&account, &format!("p{number}@example.com"))).collect();
    account.tag(people[2], tag).unwrap();
    account.tag(people[0], tag).unwrap();
    account.subscribe(people[1], list).unwrap();
    account.unsubscribe(people[2], list).unwrap();
    account.enroll(people[3], automation).unwrap();
    assert_eq!(contact_ids(&account, "tagid=1").await, [1, 3]);
    assert_eq!(contact_ids(&account, "tagid=1&id_greater=1").await, [3]);
    assert_eq!(contact_ids(&account, "listid=1").await, [2, 3]);
    assert_eq!(contact_ids(&account, "listid=1&status=2").await, [3]);
    assert_eq!(contact_ids(&account, "listid=1&tagid=1").await, [3]);
    assert_eq!(contact_ids(&account, "seriesid=1").await, [4]);
    assert_eq!(contact_ids(&account, "seriesid=9").await, Vec::<i64>::new());
    account.untag(people[0], tag).unwrap();
    assert_eq!(contact_ids(&account, "tagid=1").await, [3]);
    account.delete(people[2]).unwrap();
    assert_eq!(contact_ids(&account, "tagid=1").await, Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn seriesid_can_mean_in_it_now() {
    let (account, _) = account();
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    let (one, two) = (add(&account, "a@example.com"), add(&account, "b@example.com"));
    let first = account.enroll(one, automation).unwrap();
    account.enroll(two, automation).unwrap();
    account.complete(first).unwrap();
    assert_eq!(contact_ids(&account, "seriesid=1").await, [1, 2]);
    account.switch(|it| it.seriesid_means_in_it_now = true);
    assert_eq!(contact_ids(&account, "seriesid=1").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn contacts_are_found_by_what_they_are_called() {
    let (account, _) = account();
    let ana = NewContact::new("ana@example.com").named("Ana", "Conceição").phone("+55119");
    account.create_contact(ana).unwrap();
    add(&account, "caio+site@example.com");
    assert_eq!(contact_ids(&account, "email=CAIO%2Bsite@example.com").await, [2]);
    assert_eq!(contact_ids(&account, "email=nobody@example.com").await, Vec::<i64>::new());
    assert_eq!(contact_ids(&account, "email_like=site").await, [2]);
    assert_eq!(contact_ids(&account, "phone=%2B5511").await, [1]);
    assert_eq!(contact_ids(&account, "search=ana+CONCEI%C3%87").await, [1]);
    assert_eq!(contact_ids(&account, "ids[]=2&ids[]=1&exclude=1").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_query_can_be_ignored() {
    let (account, _) = account();
    let tag = account.add_tag("Lead");
    let one = add(&account, "a@example.com");
    add(&account, "b@example.com");
    account.tag(one, tag).unwrap();
    let query = "tagid=1&filters[updated_after]=2030-01-01&id_greater=1&include=contactTags";
    assert_eq!(contact_ids(&account, query).await, Vec::<i64>::new());
    account.switch(|it| {
        it.ignores = Ignores {
            contact_filters: true,
            contact_scopes: true,
            contact_cursor: true,
            include: true,
            ..Ignores::default()
        };
    });
    let body = ok(&account, &format!("/contacts?{query}")).await;
    assert_eq!(ids(&body, "contacts"), [1, 2]);
    assert!(body.get("contactTags").is_none());
}

#[tokio::test(start_paused = true)]
async fn only_what_include_names_is_sideloaded() {
    let (account, _) = account();
    let field = account.add_field(NewField::new("CPF", "text"));
    let new = NewContact::new("a@example.com").field(field, "1");
    let id = account.create_contact(new).unwrap();
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    account.enroll(id, automation).unwrap();
    let body = ok(&account, "/contacts?include=fieldValues,contactAutomations,nonsense").await;
    assert_eq!(body["fieldValues"][0]["contact"], "1");
    assert_eq!(body["contactAutomations"][0]["contact"], "1");
    assert!(body.get("contactTags").is_none());
    account.switch(|it| it.ignores.automation_sideload = true);
    let body = ok(&account, "/contacts?include=fieldValues,contactAutomations").await;
    assert!(body.get("contactAutomations").is_none());
    assert_eq!(body["fieldValues"][0]["value"], "1");
    assert!(ok(&account, "/contacts/1").await.get("contactAutomations").is_none());
}

#[tokio::test(start_paused = true)]
async fn new_rows_can_come_late_into_lists() {
    let (account, clock) = account_with(|it| it.rows_late = std::time::Duration::from_secs(30));
    let automation = account.add_automation(NewAutomation::new("Site", vec![Step::Hold]));
    let id = add(&account, "a@example.com");
    account.enroll(id, automation).unwrap();
    let rows = "/automations/1/contactAutomations";
    assert_eq!(contact_ids(&account, "").await, Vec::<i64>::new());
    assert_eq!(ids(&ok(&account, rows).await, "contactAutomations"), Vec::<i64>::new());
    let by_id = ok(&account, "/contacts/1").await;
    assert_eq!(by_id["contact"]["id"], "1", "asked for by id, it is there");
    assert_eq!(ids(&by_id, "contactAutomations"), Vec::<i64>::new());
    clock.step(TimeDelta::seconds(30));
    assert_eq!(contact_ids(&account, "").await, [1]);
    assert_eq!(contact_ids(&account, "seriesid=1").await, [1]);
    assert_eq!(ids(&ok(&account, rows).await, "contactAutomations"), [1]);
}

type Deed = fn(&ActiveCampaign, ContactId);

type Flip = fn(&mut UdateMoves);

/// What can be done with a contact, and the switch that says whether `udate` shows it.
fn deeds() -> Vec<(&'static str, Deed, Option<Flip>)> {
    vec![
        ("update", |it, id| it.update_contact(id, ContactChange::default()).unwrap(), None),
        ("e-mail", |it, id| it.change_email(id, "new@example.com").unwrap(), None),
        ("field", |it, id| it.set_field(id, crate::domain::FieldId(1), "2").unwrap(), None),
        (
            "field cleared",
            |it, id| it.set_field(id, crate::domain::FieldId(1), "").unwrap(),
            Some(|it| it.field_cleared ^= true),
        ),
        ("tag", |it, id| it.tag(id, 2).unwrap(), Some(|it| it.tag_added ^= true)),
        ("untag", |it, id| it.untag(id, 1).unwrap(), Some(|it| it.tag_removed ^= true)),
        ("subscribe", |it, id| it.subscribe(id, 1).unwrap(), Some(|it| it.subscribed ^= true)),
        ("link", |it, id| it.link_account(id, 1).unwrap(), Some(|it| it.account_linked ^= true)),
        (
            "enter",
            |it, id| assert!(it.enroll(id, crate::domain::AutomationId(2)).is_ok()),
            Some(|it| it.automation_entered ^= true),
        ),
        (
            "leave",
            |it, _| it.complete(crate::domain::EnrollmentId(1)).unwrap(),
            Some(|it| it.automation_left ^= true),
        ),
        ("merge", |it, id| it.merge(id, ContactId(2)).unwrap(), Some(|it| it.merged ^= true)),
        ("engage", |it, id| it.engage(id).unwrap(), Some(|it| it.engaged ^= true)),
    ]
}

async fn moved_by(deed: Deed, moves: UdateMoves) -> bool {
    let (account, clock) = account_with(|it| it.moves = moves);
    let field = account.add_field(NewField::new("CPF", "text"));
    let tag = account.add_tag("A");
    account.add_tag("B");
    account.add_list("L");
    account.add_account("Padaria");
    let hold = || NewAutomation::new("Site", vec![Step::Hold]);
    let automation = account.add_automation(hold());
    account.add_automation(hold());
    let new = NewContact::new("a@example.com").field(field, "1");
    let id = account.create_contact(new).unwrap();
    add(&account, "loser@example.com");
    account.tag(id, tag).unwrap();
    account.enroll(id, automation).unwrap();
    clock.step(TimeDelta::seconds(10));
    deed(&account, id);
    let contact = ok(&account, "/contacts/1").await["contact"].clone();
    let after = "2026-05-28 05:07:28";
    assert_eq!(contact["updated_timestamp"], after, "any change moves it");
    contact["udate"] == "2026-05-28T05:07:28-05:00"
}

#[tokio::test(start_paused = true)]
async fn udate_moves_as_its_rules_say() {
    let documented = ["update", "e-mail", "field", "tag"];
    for (name, deed, flip) in deeds() {
        let mut moves = UdateMoves::default();
        assert_eq!(moved_by(deed, moves).await, documented.contains(&name), "{name}");
        let Some(flip) = flip else { continue };
        flip(&mut moves);
        assert_ne!(moved_by(deed, moves).await, documented.contains(&name), "{name}, flipped");
    }
}
