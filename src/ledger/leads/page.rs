//! Leads page by page: each page costs the same, wherever it is in a ledger of any size.

use rusqlite::{Connection, ToSql, named_params};

use super::{COLUMNS, Listed, from_row};
use crate::{
    domain::{ContactId, LeadState, RouteId},
    ledger::{LedgerError, route, sql},
};

/// Which leads are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those in this state.
    State(LeadState),
    /// Those found without a webhook.
    Missed,
}

/// A question for a page of leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Which of them.
    pub which: Which,
    /// Only of the route of this name.
    pub route: Option<String>,
    /// Only those found before the lead of this key: where the last page ended.
    pub before: Option<String>,
}

/// Where a page begins: before this lead.
#[derive(Clone, Copy)]
struct Before {
    id: i64,
    turn: i64,
}

const NEWEST: Before = Before { id: i64::MAX, turn: i64::MAX };

/// Returns leads, the newest first, at most `limit` of them; an unknown route or key has none.
pub fn page(conn: &Connection, wanted: &Wanted, limit: usize) -> Result<Vec<Listed>, LedgerError> {
    let before = match &wanted.before {
        None => Some(NEWEST),
        Some(key) => {
            let sql = "SELECT id, turn FROM lead WHERE key = ?1";
            sql::maybe(conn, sql, [key], |row| Ok(Before { id: row.get(0)?, turn: row.get(1)? }))?
        }
    };
    let route = match &wanted.route {
        None => Some(None),
        Some(name) => route::find(conn, name)?.map(|it| Some(it.id)),
    };
    let (Some(before), Some(route)) = (before, route) else { return Ok(Vec::new()) };
    match (wanted.which, route) {
        (Which::State(state), _) => of_state(conn, state, route, before, limit),
        (Which::All, None) => {
            let conditions = "lead.id < :id ORDER BY lead.id DESC";
            read(conn, conditions, &[(":id", &before.id)], limit)
        }
        (Which::All, Some(route)) => {
            // On a route, `turn` is the order of ids.
            let conditions = "lead.route_id = :route AND lead.turn < :turn ORDER BY lead.turn DESC";
            read(conn, conditions, &[(":route", &route), (":turn", &before.turn)], limit)
        }
        (Which::Missed, None) => {
            let conditions = "lead.found_by <> 'webhook' AND lead.id < :id ORDER BY lead.id DESC";
            read(conn, conditions, &[(":id", &before.id)], limit)
        }
        (Which::Missed, Some(route)) => {
            let conditions = "lead.found_by <> 'webhook' AND lead.route_id = :route
                              AND lead.id < :id ORDER BY lead.id DESC";
            read(conn, conditions, &[(":route", &route), (":id", &before.id)], limit)
        }
    }
}

/// Each route's newest in that state, and of these the newest: an index has them in this order.
fn of_state(
    conn: &Connection,
    state: LeadState,
    route: Option<RouteId>,
    before: Before,
    limit: usize,
) -> Result<Vec<Listed>, LedgerError> {
    let routes = match route {
        Some(id) => vec![id],
        None => route::all(conn)?.into_iter().map(|it| it.id).collect(),
    };
    let sql = "
        SELECT id FROM lead INDEXED BY lead_state
        WHERE route_id = :route AND state = :state AND id < :before
        ORDER BY id DESC LIMIT :limit";
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut ids: Vec<i64> = Vec::new();
    for route in routes {
        let arguments = named_params! {
            ":route": route, ":state": state, ":before": before.id, ":limit": most,
        };
        ids.extend(sql::all(conn, sql, arguments, |row| row.get::<_, i64>(0))?);
    }
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.truncate(limit);
    let ids = serde_json::to_string(&ids).unwrap_or_default();
    let conditions = "lead.id IN (SELECT value FROM json_each(:ids)) ORDER BY lead.id DESC";
    read(conn, conditions, &[(":ids", &ids)], limit)
}

/// Returns the leads of contacts, the newest first, at most `limit` of them.
pub fn of_contacts(
    conn: &Connection,
    contacts: &[ContactId],
    limit: usize,
) -> Result<Vec<Listed>, LedgerError> {
    let contacts: Vec<i64> = contacts.iter().map(|it| it.0).collect();
    let contacts = serde_json::to_string(&contacts).unwrap_or_default();
    let conditions =
        "lead.contact IN (SELECT value FROM json_each(:contacts)) ORDER BY lead.id DESC";
    read(conn, conditions, &[(":contacts", &contacts)], limit)
}

/// Returns the leads for which a number stands: their contact, their enrollment or one of their
/// records in Ploomes; the newest first, at most `limit` of them.
pub fn of_number(conn: &Connection, number: i64, limit: usize) -> Result<Vec<Listed>, LedgerError> {
    let conditions = "
        lead.id IN (
            SELECT id FROM lead WHERE contact = :number
            UNION SELECT id FROM lead WHERE deal = :number AND deal IS NOT NULL
            UNION SELECT id FROM lead WHERE person = :number AND person IS NOT NULL
            UNION SELECT id FROM lead WHERE company = :number AND company IS NOT NULL
            UNION SELECT entered.id FROM route CROSS JOIN lead AS entered
                  ON entered.route_id = route.id AND entered.enrollment = :number
                     AND entered.enrollment IS NOT NULL)
        ORDER BY lead.id DESC";
    read(conn, conditions, &[(":number", &number)], limit)
}

fn read(
    conn: &Connection,
    conditions: &str,
    arguments: &[(&str, &dyn ToSql)],
    limit: usize,
) -> Result<Vec<Listed>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM lead CROSS JOIN route ON route.id = lead.route_id
         WHERE {conditions}
         LIMIT :limit"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut all = arguments.to_vec();
    all.push((":limit", &limit));
    let rows = conn
        .prepare_cached(&sql)?
        .query_map(all.as_slice(), from_row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    async fn keys(wanted: Wanted, limit: usize) -> Vec<String> {
        let ledger = sample::small().await;
        let rows = ledger.read(move |conn| page(conn, &wanted, limit)).await.unwrap();
        rows.into_iter().map(|it| it.key).collect()
    }

    #[tokio::test]
    async fn pages_follow_each_other_without_a_gap_whatever_is_asked_for() {
        let whiches = [Which::All, Which::Missed].into_iter();
        let states = LeadState::ALL.iter().map(|state| Which::State(*state));
        let mut seen = 0;
        for which in whiches.chain(states) {
            for route in [None, Some("site".to_owned())] {
                let wanted = Wanted { which, route, before: None };
                let whole = keys(wanted.clone(), 100).await;
                let (mut paged, mut before) = (Vec::new(), None);
                loop {
                    let next = keys(Wanted { before, ..wanted.clone() }, 2).await;
                    let Some(last) = next.last() else { break };
                    before = Some(last.clone());
                    paged.extend(next);
                }
                assert_eq!(paged, whole, "{wanted:?}");
                seen += whole.len();
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[tokio::test]
    async fn a_number_finds_contact_enrollment_and_record() {
        let ledger = sample::small().await;
        let found = |number| ledger.read(move |conn| of_number(conn, number, 9));
        let all = ledger.read(|conn| page(conn, &Wanted::default(), 99)).await.unwrap();
        let lead = all.iter().find(|it| it.deal.is_some()).unwrap();
        let numbers = [
            lead.contact.0,
            lead.enrollment.unwrap().0,
            lead.deal.unwrap().0,
            lead.person.unwrap().0,
        ];
        for number in numbers {
            let keys: Vec<_> = found(number).await.unwrap().into_iter().map(|it| it.key).collect();
            assert!(keys.contains(&lead.key), "{number}: {keys:?}");
        }
        assert_eq!(found(-1).await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_nobody_knows_has_no_leads() {
        let route = Wanted { route: Some("nothing".to_owned()), ..Wanted::default() };
        assert_eq!(keys(route, 9).await, [""; 0]);
        let before = Wanted { before: Some("nothing/1".to_owned()), ..Wanted::default() };
        assert_eq!(keys(before, 9).await, [""; 0]);
    }
}
