//! Reference data by id, kept for some minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

/// How long a name is believed: a renamed field or tag is known after this.
const KEPT: Duration = Duration::from_mins(10);

/// Single names that are kept at most, some 100 bytes each.
const SINGLE_MAX: usize = 10_000;

/// All names of one kind, read together.
#[derive(Default)]
pub(super) struct Names {
    all: BTreeMap<i64, String>,
    /// Asked for, and not there when all were read: not a reason to read them again.
    absent: BTreeSet<i64>,
    read_at: Option<Instant>,
}

impl Names {
    /// The names, unless they are old or one of `ids` is new.
    pub(super) fn with(&self, ids: &BTreeSet<i64>) -> Option<&BTreeMap<i64, String>> {
        let young = self.read_at.is_some_and(|at| at.elapsed() < KEPT);
        let known = |id| self.all.contains_key(id) || self.absent.contains(id);
        (ids.is_empty() || (young && ids.iter().all(known))).then_some(&self.all)
    }

    /// Takes over names that were just read because of `ids`.
    pub(super) fn replace(&mut self, all: BTreeMap<i64, String>, ids: &BTreeSet<i64>) {
        self.absent.extend(ids);
        self.absent.retain(|id| !all.contains_key(id));
        self.all = all;
        self.read_at = Some(Instant::now());
    }
}

/// Names read one by one.
#[derive(Default)]
pub(super) struct Singles(BTreeMap<i64, (Instant, String)>);

impl Singles {
    pub(super) fn get(&self, id: i64) -> Option<&str> {
        let (read_at, name) = self.0.get(&id)?;
        (read_at.elapsed() < KEPT).then_some(name)
    }

    pub(super) fn insert(&mut self, id: i64, name: String) {
        if self.0.len() >= SINGLE_MAX {
            self.0.clear();
        }
        self.0.insert(id, (Instant::now(), name));
    }
}
