mod columns;
mod edits;

use super::*;
use crate::ledger::{digest::Link, history::Head, sample};

/// What an audit finds after somebody ran `sql` on the small ledger: kind, table and row.
async fn found_after(sql: &str) -> Vec<(Kind, &'static str, Option<i64>)> {
    let conn = sample::raw(&sample::small().await).await;
    let changed = conn.total_changes();
    conn.execute_batch(sql).unwrap();
    assert!(conn.total_changes() > changed, "nothing was touched by {sql}");
    found(&audit(&conn, None).unwrap())
}

fn found(outcome: &Outcome) -> Vec<(Kind, &'static str, Option<i64>)> {
    assert_eq!(outcome.ok(), outcome.problems.is_empty());
    outcome.problems.iter().map(|it| (it.kind, it.subject, it.id)).collect()
}

#[tokio::test]
async fn an_untouched_ledger_is_proved() {
    let ledger = sample::small().await;
    let outcome = ledger.read(|conn| audit(conn, None)).await.unwrap();
    let head = ledger.read(Head::read).await.unwrap();
    assert_eq!(outcome.problems, []);
    assert!(outcome.ok());
    assert_eq!((outcome.length, outcome.head, outcome.broken_at), (head.seq, head.hash, None));
    assert_eq!(outcome.balance, 0);
}

#[tokio::test]
async fn an_empty_ledger_is_proved() {
    let outcome = sample::large(0).await.read(|conn| audit(conn, None)).await.unwrap();
    assert!(outcome.ok());
    assert_eq!((outcome.length, outcome.head), (0, [0; 32]));
}

#[tokio::test]
async fn a_changed_row_is_named() {
    for (sql, subject, id) in [
        ("UPDATE delivery SET reason = 'mine' WHERE id = 6", "delivery", 6),
        ("UPDATE lead SET deal = 7002 WHERE id = 1", "lead", 1),
        ("UPDATE step SET record = NULL WHERE id = 2", "step", 2),
        ("UPDATE run SET outcome = 'complete', reason = NULL WHERE id = 2", "run", 2),
        ("UPDATE finding SET contact = 3", "finding", 1),
        ("UPDATE tombstone SET lifted_at = 1", "tombstone", 1),
        ("UPDATE action SET subject = 'site/2'", "action", 1),
    ] {
        assert_eq!(found_after(sql).await, [(Kind::Changed, subject, Some(id))], "{sql}");
    }
}

#[tokio::test]
async fn a_deleted_row_is_named() {
    for (table, id) in [
        ("delivery", 6),
        ("lead", 6),
        ("step", 2),
        ("run", 3),
        ("finding", 1),
        ("tombstone", 1),
        ("action", 1),
    ] {
        let found = found_after(&format!("DELETE FROM {table} WHERE id = {id}")).await;
        assert!(found.contains(&(Kind::Deleted, table, Some(id))), "{table}: {found:?}");
        let halves = found.iter().filter(|it| it.0 == Kind::Balance).count();
        assert_eq!(halves, usize::from(["delivery", "lead"].contains(&table)), "{table}");
    }
}

#[tokio::test]
async fn an_inserted_row_is_named() {
    for (table, columns, changes) in [
        (
            "delivery",
            "id, route_id, received_at, peer, headers, payload_id, fate",
            "77, 1, 0, '', '', 77, fate",
        ),
        (
            "lead",
            "id, key, route_id, contact, turn, backfill, found_by, found_at, state, updated_at",
            "77, 'site/77', 1, 77, 77, 0, found_by, 0, state, 0",
        ),
        (
            "step",
            "id, lead_id, kind, action, reason, state",
            "77, lead_id, kind, action, reason, state",
        ),
        ("run", "id, kind, started_at", "77, kind, 0"),
        ("finding", "id, run_id, route_id, contact, found_at", "77, run_id, route_id, contact, 0"),
        ("tombstone", "id, at", "77, at"),
        ("action", "id, at, peer, what, subject", "77, at, peer, what, subject"),
    ] {
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {changes} FROM {table} LIMIT 1");
        let found = found_after(&sql).await;
        assert!(found.contains(&(Kind::Inserted, table, Some(77))), "{table}: {found:?}");
    }
}

#[tokio::test]
async fn swapped_rows_are_both_named() {
    for (table, one, other) in [("delivery", 4, 5), ("lead", 1, 2), ("step", 2, 3), ("run", 1, 2)] {
        let sql = format!(
            "UPDATE {table} SET id = -1 WHERE id = {one};
             UPDATE {table} SET id = {one} WHERE id = {other};
             UPDATE {table} SET id = {other} WHERE id = -1;"
        );
        let found = found_after(&sql).await;
        for id in [one, other] {
            assert!(found.contains(&(Kind::Changed, table, Some(id))), "{table}: {found:?}");
        }
    }
}

#[tokio::test]
async fn swapped_bodies_are_both_named() {
    let swap = "UPDATE delivery SET payload_id = -payload_id WHERE id IN (4, 5);
                UPDATE delivery SET payload_id = (SELECT -payload_id FROM delivery WHERE id = 5)
                WHERE id = 4;
                UPDATE delivery SET payload_id =
                    (SELECT id FROM payload WHERE kind = 'delivery'
                     AND id NOT IN (SELECT payload_id FROM delivery))
                WHERE id = 5;";
    let changed = [(Kind::Changed, "delivery", Some(4)), (Kind::Changed, "delivery", Some(5))];
    assert_eq!(found_after(swap).await, changed);
}

#[tokio::test]
async fn a_changed_body_is_named_and_a_blanked_one_is_right() {
    let payload = "SELECT payload_id FROM delivery WHERE id = 1";
    let touch = |change: &str| format!("UPDATE payload SET {change} WHERE id = ({payload})");
    let body = found_after(&touch("body = x'00'")).await;
    assert_eq!(body, [(Kind::Changed, "payload", Some(1))]);
    assert_eq!(found_after(&touch("salt = zeroblob(16)")).await, body);
    assert_eq!(found_after(&touch("salt = NULL")).await, body);
    assert_eq!(found_after(&touch("kind = 'answer'")).await, body);
    let hash = found_after(&touch("hash = zeroblob(32)")).await;
    assert_eq!(hash, [(Kind::Changed, "delivery", Some(1)), body[0]]);
    assert_eq!(found_after(&touch("salt = NULL, body = NULL")).await, []);
}

#[tokio::test]
async fn a_blanked_body_is_still_proved_by_its_hash() {
    let sql = "UPDATE payload SET hash = zeroblob(32)
               WHERE id = (SELECT request_id FROM step JOIN lead ON lead.id = lead_id
                           WHERE lead.state = 'erased')";
    let found = found_after(sql).await;
    assert!(matches!(found[..], [(Kind::Changed, "step", Some(_))]), "{found:?}");
}

#[tokio::test]
async fn a_deleted_or_inserted_body_is_named() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("DELETE FROM payload WHERE id = 1", []).unwrap();
    let outcome = audit(&conn, None).unwrap();
    assert_eq!(found(&outcome), [(Kind::Changed, "delivery", Some(1))]);
    assert_eq!(outcome.problems[0].message, "a payload to which it points is gone");
    for kind in ["delivery", "request"] {
        let sql = format!(
            "INSERT INTO payload (id, kind, at, hash) VALUES (999, '{kind}', 0, zeroblob(32))"
        );
        assert_eq!(found_after(&sql).await, [(Kind::Inserted, "payload", Some(999))]);
    }
}

#[tokio::test]
async fn a_changed_link_of_the_chain_is_named() {
    let broken = |seq: i64| (Kind::Chain, "history", Some(seq));
    for change in [
        "at = at + 1",
        "event = 'nothing'",
        "accepted = accepted + 1",
        "total = 9223372036854775807",
        "subject_id = 2",
        "hash = zeroblob(32)",
    ] {
        let found = found_after(&format!("UPDATE history SET {change} WHERE seq = 5")).await;
        assert!(found.contains(&broken(5)), "{change}: {found:?}");
    }
    let digest = found_after("UPDATE history SET digest = zeroblob(32) WHERE seq = 5").await;
    assert!(digest.contains(&broken(5)));
    let words = found_after("UPDATE history SET subject = 'meta' WHERE seq = 5").await;
    assert!(words.contains(&broken(5)), "a table of which the chain cannot speak");
}

#[tokio::test]
async fn a_gap_is_named_by_its_first_row_and_the_rest_still_follows() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute("DELETE FROM history WHERE seq IN (7, 8)", []).unwrap();
    let outcome = audit(&conn, None).unwrap();
    let chain: Vec<_> = outcome.problems.iter().filter(|it| it.kind == Kind::Chain).collect();
    assert_eq!((outcome.broken_at, chain.len()), (Some(7), 1));
    assert_eq!(chain[0].message, "rows 7 to 8 are gone");
}

#[tokio::test]
async fn rows_put_before_between_or_swapped_in_the_chain_are_named() {
    let copy = "INSERT INTO history SELECT 0, at, subject, subject_id, event, digest, accepted,
                total, hash FROM history WHERE seq = 1";
    assert_eq!(found_after(copy).await, [(Kind::Chain, "history", Some(0))]);
    let swap =
        "UPDATE history SET seq = -1 WHERE seq = 3; UPDATE history SET seq = 3 WHERE seq = 4;
                UPDATE history SET seq = 4 WHERE seq = -1";
    assert!(found_after(swap).await.contains(&(Kind::Chain, "history", Some(3))));
    let more = "INSERT INTO history SELECT max(seq) + 1, at, subject, subject_id, event, digest,
                accepted, total, hash FROM history";
    assert!(matches!(found_after(more).await[..], [(Kind::Chain, "history", Some(_))]));
}

#[tokio::test]
async fn a_row_that_counts_wrongly_is_named_even_where_it_hashes_rightly() {
    let conn = sample::raw(&sample::small().await).await;
    let end = Head::read(&conn).unwrap();
    let digest: Vec<u8> = conn
        .query_row("SELECT digest FROM history WHERE seq = ?1", [end.seq], |row| row.get(0))
        .unwrap();
    let link = Link {
        seq: end.seq + 1,
        at: 0,
        subject: "finding",
        subject_id: 1,
        event: "accepted",
        digest: &digest,
        accepted: end.accepted + 1,
        total: end.total,
    };
    conn.execute(
        "INSERT INTO history VALUES (?1, 0, 'finding', 1, 'accepted', ?2, ?3, ?4, ?5)",
        (link.seq, &digest, link.accepted, link.total, link.hash(&end.hash)),
    )
    .unwrap();
    let found = found(&audit(&conn, None).unwrap());
    assert!(found.contains(&(Kind::Chain, "history", Some(link.seq))), "{found:?}");
    assert!(found.contains(&(Kind::Balance, "delivery", None)), "{found:?}");
}

#[tokio::test]
async fn a_tail_that_was_cut_off_with_its_rows_is_seen_by_whoever_kept_the_head() {
    let conn = sample::raw(&sample::small().await).await;
    let before = hex(&Head::read(&conn).unwrap().hash);
    let cut = "DELETE FROM finding; DELETE FROM history WHERE subject = 'finding'";
    conn.execute_batch(cut).unwrap();
    assert!(audit(&conn, None).unwrap().ok(), "the finding was the last thing that happened");
    let outcome = audit(&conn, Some(&before)).unwrap();
    assert_eq!(found(&outcome), [(Kind::Head, "history", None)]);
}

#[tokio::test]
async fn the_chain_continues_each_head_that_it_ever_had() {
    let ledger = sample::small().await;
    let conn = sample::raw(&ledger).await;
    let middle: Vec<u8> =
        conn.query_row("SELECT hash FROM history WHERE seq = 9", [], |row| row.get(0)).unwrap();
    let middle = hex(&middle);
    for head in [&middle, &middle[..16], &middle[..17], &middle.to_uppercase(), &"0".repeat(64)] {
        assert!(audit(&conn, Some(head)).unwrap().ok(), "{head}");
    }
    let other = format!("{}0000", &middle[..60]);
    for head in [&other, &middle[..15], "", "not a hash, but long enough", &"0".repeat(65)] {
        let outcome = audit(&conn, Some(head)).unwrap();
        assert_eq!(found(&outcome), [(Kind::Head, "history", None)], "{head}");
    }
}

#[tokio::test]
async fn a_changed_counter_is_named() {
    let conn = sample::raw(&sample::small().await).await;
    for (change, message) in [
        (
            "UPDATE tally SET rows = 9 WHERE subject = 'missed' AND value = 'late'",
            "the counter missed/late is 9, the rows are 1",
        ),
        (
            "UPDATE tally SET rows = 0 WHERE subject = 'lane' AND value = '0'",
            "the counter lane/0 is 0, the rows are 2",
        ),
        (
            "DELETE FROM tally WHERE value = 'merged'",
            "the counter delivery/merged is gone, the rows are 2",
        ),
        (
            "INSERT INTO tally VALUES ('lead', 'lost', 1)",
            "the counter lead/lost counts nothing that there is",
        ),
    ] {
        conn.execute_batch("SAVEPOINT before").unwrap();
        conn.execute_batch(change).unwrap();
        let outcome = audit(&conn, None).unwrap();
        assert_eq!(found(&outcome), [(Kind::Tally, "tally", None)]);
        assert_eq!(outcome.problems[0].message, message);
        conn.execute_batch("ROLLBACK TO before").unwrap();
    }
}

#[tokio::test]
async fn two_halves_that_make_up_for_each_other_are_no_balance() {
    let conn = sample::raw(&sample::small().await).await;
    conn.execute_batch(
        "DELETE FROM delivery WHERE id = 6;
         INSERT INTO lead (key, route_id, contact, turn, backfill, found_by, found_at, state,
                           updated_at)
         VALUES ('site/99', 1, 99, 99, 0, 'webhook', 0, 'done', 0)",
    )
    .unwrap();
    let outcome = audit(&conn, None).unwrap();
    assert_eq!(outcome.balance, 0);
    assert_eq!(outcome.problems.iter().filter(|it| it.kind == Kind::Balance).count(), 2);
}

#[tokio::test]
async fn of_too_many_problems_the_first_are_named_and_all_are_counted() {
    let ledger = sample::large(2_000).await;
    let outcome = ledger.read(|conn| audit(conn, None)).await.unwrap();
    assert_eq!(outcome.problems.len(), PROBLEMS_MAX);
    assert!(outcome.count > 6_000, "deliveries, leads and steps of which the chain knows nothing");
}

#[tokio::test]
async fn a_pointer_to_a_body_that_never_was_is_named() {
    for column in ["request_id", "answer_id"] {
        let sql = format!("UPDATE step SET {column} = 4711 WHERE id = 1 AND {column} IS NULL");
        assert_eq!(found_after(&sql).await, [(Kind::Changed, "step", Some(1))]);
    }
}

#[tokio::test]
async fn nothing_is_sorted_or_gathered_so_that_memory_stays_flat() {
    let ledger = sample::large(10).await;
    ledger
        .read(|conn| {
            let unknown = Subject::ALL.map(rows::unknown_to_chain_sql);
            let walks = [chain::ALL, rows::NEWEST, rows::PAYLOADS, tally::DELIVERIES, tally::LEADS];
            for sql in walks.into_iter().chain(unknown.iter().map(String::as_str)) {
                let plan: Vec<String> = conn
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
                    .query_map([], |row| row.get("detail"))?
                    .collect::<Result<_, _>>()?;
                let plan = plan.join("\n");
                assert!(!plan.contains("TEMP B-TREE") && !plan.contains("AUTOMATIC"), "{plan}");
            }
            Ok(())
        })
        .await
        .unwrap();
}
