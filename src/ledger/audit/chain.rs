//! The chain itself: every row follows from the row before.

use rusqlite::{Connection, Row, types::ValueRef};

use super::{Kind, Problems, hex};
use crate::ledger::{
    LedgerError,
    digest::{Hash, Link},
    history::{Head, Subject},
};

/// The shortest beginning of a hash that names a row: nobody can make another one like it.
const PREFIX_DIGITS_MIN: usize = 16;

/// The head that the chain must have.
pub(super) struct Wanted {
    /// In lower case; the whole hash or its beginning.
    digits: String,
    /// The first byte, by which nearly all other hashes are told apart.
    first: u8,
}

impl Wanted {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let is_hash = (PREFIX_DIGITS_MIN..=64).contains(&text.len())
            && text.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_hash {
            return None;
        }
        let first = u8::from_str_radix(&text[..2], 16).ok()?;
        Some(Self { digits: text, first })
    }

    fn is(&self, hash: &Hash) -> bool {
        hash[0] == self.first && hex(hash).starts_with(&self.digits)
    }
}

/// What the chain says at its end.
pub(super) struct Walked {
    pub(super) length: i64,
    pub(super) accepted: i64,
    pub(super) total: i64,
    pub(super) head: Hash,
    pub(super) broken_at: Option<i64>,
}

pub(super) const ALL: &str = "
    SELECT seq, at, subject, subject_id, event, digest, accepted, total, hash
    FROM history
    ORDER BY seq";

/// Walks the whole chain in order.
pub(super) fn walk(
    conn: &Connection,
    wanted: Option<&Wanted>,
    problems: &mut Problems,
) -> Result<Walked, LedgerError> {
    let mut statement = conn.prepare_cached(ALL)?;
    let mut rows = statement.query([])?;
    let mut end = Head::EMPTY;
    let mut length = 0;
    let mut broken_at = None;
    let mut is_met = wanted.is_none_or(|it| it.is(&end.hash));
    while let Some(row) = rows.next()? {
        let read = Entry::read(row)?;
        if let Some((seq, message)) = read.wrong_after(&end) {
            broken_at = broken_at.or(Some(seq));
            problems.add(Kind::Chain, "history", Some(seq), message);
        }
        length += 1;
        if read.link.seq > end.seq {
            // One wrong row is one problem: the next is compared with what stands here.
            end = read.end();
        }
        is_met = is_met || wanted.is_some_and(|it| it.is(&end.hash));
    }
    if !is_met {
        let message = "the chain does not have this hash: it was cut off, or is another ledger's";
        problems.add(Kind::Head, "history", None, message.to_owned());
    }
    let Head { accepted, total, hash, .. } = end;
    Ok(Walked { length, accepted, total, head: hash, broken_at })
}

/// A row of the chain as it stands there, be it wrong.
struct Entry<'a> {
    link: Link<'a>,
    hash: &'a [u8],
    subject: Option<Subject>,
}

impl<'a> Entry<'a> {
    fn read(row: &'a Row<'_>) -> Result<Self, LedgerError> {
        let text = |column| -> Result<&str, LedgerError> {
            // What is no text was never hashed, so that it cannot be right.
            Ok(row.get_ref(column)?.as_str().unwrap_or("\u{fffd}"))
        };
        let blob = |column| -> Result<&[u8], LedgerError> {
            Ok(match row.get_ref(column)? {
                ValueRef::Blob(bytes) => bytes,
                _ => &[],
            })
        };
        let subject = text("subject")?;
        Ok(Self {
            link: Link {
                seq: row.get("seq")?,
                at: row.get("at")?,
                subject,
                subject_id: row.get("subject_id")?,
                event: text("event")?,
                digest: blob("digest")?,
                accepted: row.get("accepted")?,
                total: row.get("total")?,
            },
            hash: blob("hash")?,
            subject: Subject::ALL.into_iter().find(|it| it.as_str() == subject),
        })
    }

    /// Where and why this row does not follow from `before`.
    fn wrong_after(&self, before: &Head) -> Option<(i64, String)> {
        let Link { seq, subject, event, accepted, total, .. } = self.link;
        let due = before.seq.wrapping_add(1);
        if seq < due {
            return Some((seq, format!("row {seq} was put in front of the chain")));
        }
        if seq > due {
            let gone = if due == seq - 1 {
                format!("row {due} is gone")
            } else {
                format!("rows {due} to {} are gone", seq - 1)
            };
            return Some((due, gone));
        }
        let Some(known) = self.subject else {
            return Some((seq, format!("row {seq} speaks of no table of the evidence")));
        };
        if self.link.hash(&before.hash) != self.hash {
            let message =
                format!("row {seq} ({subject}, {event}) does not follow from the one before");
            return Some((seq, message));
        }
        let more = Head::EMPTY.after(known, event);
        let is_counted = accepted == before.accepted.wrapping_add(more.accepted)
            && total == before.total.wrapping_add(more.total);
        (!is_counted).then(|| (seq, format!("row {seq} counts {accepted} and {total}, wrongly")))
    }

    fn end(&self) -> Head {
        Head {
            seq: self.link.seq,
            accepted: self.link.accepted,
            total: self.link.total,
            hash: self.hash.try_into().unwrap_or_default(),
        }
    }
}
