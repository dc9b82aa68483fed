//! Rows with sequential ids that are never used twice.

/// A row that knows its id.
pub(super) trait Keyed {
    /// Its id, positive.
    fn id(&self) -> i64;
}

/// Rows in the order of their ids.
///
/// A sorted vector, because new ids are always the highest: what follows an id is a slice, and
/// its length is known without counting. Removing moves what comes after, and is rare.
pub(super) struct Table<T> {
    rows: Vec<T>,
    last: i64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), last: 0 }
    }
}

impl<T: Keyed> Table<T> {
    /// Adds the row that `make` makes for the next id.
    pub(super) fn add(&mut self, make: impl FnOnce(i64) -> T) -> i64 {
        self.last += 1;
        self.rows.push(make(self.last));
        self.last
    }

    pub(super) fn get(&self, id: i64) -> Option<&T> {
        self.position(id).map(|at| &self.rows[at])
    }

    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut T> {
        self.position(id).map(|at| &mut self.rows[at])
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<T> {
        self.position(id).map(|at| self.rows.remove(at))
    }

    /// All rows, by ascending id.
    pub(super) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The rows with ids between these, both excluded.
    pub(super) fn between(&self, above: i64, below: i64) -> &[T] {
        let from = self.rows.partition_point(|row| row.id() <= above);
        let to = self.rows.partition_point(|row| row.id() < below);
        &self.rows[from..to.max(from)]
    }

    fn position(&self, id: i64) -> Option<usize> {
        self.rows.binary_search_by_key(&id, T::id).ok()
    }
}

/// Puts `item` where it belongs in a sorted list, once.
pub(super) fn insert_sorted<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
    }
}

/// Takes `item` out of a sorted list.
pub(super) fn remove_sorted<T: Ord>(list: &mut Vec<T>, item: &T) {
    if let Ok(at) = list.binary_search(item) {
        list.remove(at);
    }
}
