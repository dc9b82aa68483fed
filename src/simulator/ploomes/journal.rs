//! What came and what was changed by it, in order: what tests hold against the ledger.

use std::{collections::VecDeque, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::schema::Table;

/// The most requests and the most writes that are kept; the oldest go first.
///
/// More than any test or demonstration makes, and still well under a gigabyte.
const KEPT_MAX: usize = 1_000_000;

/// A request that reached the service.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// Counts from 1.
    pub number: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Such as `GET`.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// The status of the answer; `None` where none was given.
    pub status: Option<u16>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// Made a record.
    Create,
    /// Changed a record.
    Update,
    /// Deleted a record.
    Delete,
}

/// A write that was applied, whatever its answer was.
#[derive(Clone, PartialEq, Serialize)]
pub struct Applied {
    /// The request's number.
    pub number: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Such as `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What it did.
    pub did: Did,
    /// Such as `Contacts`, `Deals`, `InteractionRecords`.
    pub entity: &'static str,
    /// The record.
    pub id: i64,
    /// The body, as it came.
    pub body: Value,
}

impl fmt::Debug for Requested {
    /// Leaves the query out: it has personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{}: {} {path} {:?} at {}", self.number, self.method, self.status, self.at)
    }
}

impl fmt::Debug for Applied {
    /// Leaves the body out: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} {}({}) at {}", self.number, self.did, self.entity, self.id, self.at)
    }
}

/// Keeps both.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) requests: VecDeque<Requested>,
    pub(super) applied: VecDeque<Applied>,
    count: u64,
}

impl Journal {
    /// Notes a request and returns its number.
    pub(super) fn request(&mut self, at: DateTime<Utc>, method: &str, target: &str) -> u64 {
        self.count += 1;
        if self.requests.len() == KEPT_MAX {
            self.requests.pop_front();
        }
        let (method, target) = (method.to_owned(), target.to_owned());
        self.requests.push_back(Requested { number: self.count, at, method, target, status: None });
        self.count
    }

    /// Notes how the last request was answered.
    pub(super) fn answered(&mut self, status: Option<u16>) {
        if let Some(last) = self.requests.back_mut() {
            last.status = status;
        }
    }

    /// Notes a write by the last request.
    pub(super) fn wrote(&mut self, path: &str, (did, table, id): (Did, Table, i64), body: Value) {
        let Some(request) = self.requests.back() else { return };
        if self.applied.len() == KEPT_MAX {
            self.applied.pop_front();
        }
        self.applied.push_back(Applied {
            number: request.number,
            at: request.at,
            method: request.method.clone(),
            path: path.to_owned(),
            did,
            entity: table.path(),
            id,
            body,
        });
    }

    /// The most requests that came within any span of this length.
    pub(super) fn max_in_any_window(&self, length: TimeDelta) -> usize {
        let mut times: Vec<_> = self.requests.iter().map(|it| it.at).collect();
        times.sort_unstable();
        let mut first = 0;
        let mut most = 0;
        for (at, time) in times.iter().enumerate() {
            while *time - times[first] >= length {
                first += 1;
            }
            most = most.max(at + 1 - first);
        }
        most
    }
}
