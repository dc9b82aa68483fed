//! The hash chain: each change of evidence, in order.
//!
//! Promises that after `record` the newest row of `history` for a subject commits to the subject's
//! row as it is now, and that `accepted` and `total` count what was ever accepted and found.

use rusqlite::Connection;

use super::{
    LedgerError,
    digest::{Hash, Link, RowDigest},
    sql,
};

/// The event that counts a delivery.
pub const ACCEPTED: &str = "accepted";
/// The event that counts a lead.
pub const FOUND: &str = "found";

/// Tables whose rows are evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A request that AC sent.
    Delivery,
    /// An enrollment to be brought into Ploomes.
    Lead,
    /// A write of a lead, or the decision not to write.
    Step,
    /// A poll or reconciliation.
    Run,
    /// What a run found missing.
    Finding,
    /// A person who was erased.
    Tombstone,
    /// What a person did on the admin page.
    Action,
}

sql::word_columns! {
    Subject {
        Delivery = "delivery",
        Lead = "lead",
        Step = "step",
        Run = "run",
        Finding = "finding",
        Tombstone = "tombstone",
        Action = "action",
    }
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Delivery,
        Self::Lead,
        Self::Step,
        Self::Run,
        Self::Finding,
        Self::Tombstone,
        Self::Action,
    ];

    /// Every column of one row, with the hash of a payload in place of its id.
    const fn row(self) -> &'static str {
        match self {
            Self::Delivery => {
                "SELECT d.id, d.route_id, d.received_at, d.peer, d.headers, p.hash AS payload_id,
                        d.fate, d.reason, d.contact, d.lead_id
                 FROM delivery d LEFT JOIN payload p ON p.id = d.payload_id
                 WHERE d.id = ?1"
            }
            Self::Lead => {
                "SELECT id, key, route_id, contact, enrollment, entered_at, turn, backfill,
                        found_by, found_at, state, reason, review, warnings, company, person, deal,
                        updated_at
                 FROM lead WHERE id = ?1"
            }
            Self::Step => {
                "SELECT s.id, s.lead_id, s.kind, s.action, s.reason, s.state,
                        q.hash AS request_id, a.hash AS answer_id, s.status, s.record, s.sent_at,
                        s.ended_at, s.looks, s.fields
                 FROM step s LEFT JOIN payload q ON q.id = s.request_id
                             LEFT JOIN payload a ON a.id = s.answer_id
                 WHERE s.id = ?1"
            }
            Self::Run => {
                "SELECT id, kind, mode, started_at, finished_at, outcome, reason, detail
                 FROM run WHERE id = ?1"
            }
            Self::Finding => {
                "SELECT id, run_id, route_id, contact, enrollment, enrolled_at, found_at, lead_id
                 FROM finding WHERE id = ?1"
            }
            Self::Tombstone => {
                "SELECT id, name, at, lifted_at,
                        (SELECT group_concat(kind || ' ' || hex(key))
                         FROM (SELECT kind, key FROM tombstone_key
                               WHERE tombstone_id = ?1 ORDER BY kind, key)) AS keys
                 FROM tombstone WHERE id = ?1"
            }
            Self::Action => "SELECT id, at, peer, what, subject FROM action WHERE id = ?1",
        }
    }

    /// The digest of a row as it is now; `None` where there is no such row.
    pub(super) fn digest(self, conn: &Connection, id: i64) -> Result<Option<Hash>, LedgerError> {
        let mut statement = conn.prepare_cached(self.row())?;
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut digest = RowDigest::new(self.as_str());
        let columns: &rusqlite::Statement<'_> = row.as_ref();
        for index in 0..columns.column_count() {
            digest.column(columns.column_name(index)?, row.get_ref(index)?);
        }
        Ok(Some(digest.finish()))
    }
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many rows the chain has.
    pub seq: i64,
    /// Deliveries ever accepted.
    pub accepted: i64,
    /// Leads ever found.
    pub total: i64,
    /// The hash of the newest row; zeros where there is none.
    pub hash: Hash,
}

impl Head {
    /// Where every chain starts.
    pub(super) const EMPTY: Self = Self { seq: 0, accepted: 0, total: 0, hash: [0; 32] };

    /// The end of the chain as `conn` sees it.
    pub fn read(conn: &Connection) -> Result<Self, LedgerError> {
        let head = sql::maybe(
            conn,
            "SELECT seq, accepted, total, hash FROM history ORDER BY seq DESC LIMIT 1",
            [],
            |row| {
                Ok(Self {
                    seq: row.get(0)?,
                    accepted: row.get(1)?,
                    total: row.get(2)?,
                    hash: row.get(3)?,
                })
            },
        )?;
        Ok(head.unwrap_or(Self::EMPTY))
    }

    /// Appends a row; returns the new end.
    pub(super) fn append(
        self,
        conn: &Connection,
        subject: Subject,
        id: i64,
        event: &str,
        at: i64,
        digest: &Hash,
    ) -> Result<Self, LedgerError> {
        let next = self.after(subject, event);
        let link = Link {
            seq: next.seq,
            at,
            subject: subject.as_str(),
            subject_id: id,
            event,
            digest,
            accepted: next.accepted,
            total: next.total,
        };
        let hash = link.hash(&self.hash);
        sql::execute(
            conn,
            "INSERT INTO history
                (seq, at, subject, subject_id, event, digest, accepted, total, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (
                link.seq,
                at,
                link.subject,
                id,
                event,
                digest.as_slice(),
                next.accepted,
                next.total,
                hash.as_slice(),
            ),
        )?;
        Ok(Self { hash, ..next })
    }

    /// The counters one event later; the hash is still that of the event before.
    pub(super) fn after(self, subject: Subject, event: &str) -> Self {
        let accepted = i64::from(subject == Subject::Delivery && event == ACCEPTED);
        let total = i64::from(subject == Subject::Lead && event == FOUND);
        Self {
            seq: self.seq + 1,
            accepted: self.accepted + accepted,
            total: self.total + total,
            hash: self.hash,
        }
    }
}
