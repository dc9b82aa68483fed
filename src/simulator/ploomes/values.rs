//! The properties of a record that are not null, in little room.
//!
//! A sorted list: an account in a benchmark has a hundred thousand contacts of some twenty
//! properties each, and a map of its own for each part of them would take twice the memory.

use serde_json::Value;

/// Values by property.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Values(Vec<(&'static str, Value)>);

impl Values {
    /// The value of a property.
    pub(super) fn get(&self, property: &str) -> Option<&Value> {
        self.find(property).ok().map(|at| &self.0[at].1)
    }

    /// Sets a property, whatever it was.
    pub(super) fn insert(&mut self, property: &'static str, value: Value) {
        match self.find(property) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (property, value)),
        }
    }

    /// Takes a property away.
    pub(super) fn remove(&mut self, property: &str) {
        if let Ok(at) = self.find(property) {
            self.0.remove(at);
        }
    }

    /// Takes away what is null.
    pub(super) fn drop_nulls(&mut self) {
        self.0.retain(|(_, value)| !value.is_null());
    }

    /// Gives back the room that is not needed.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Properties with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(property, value)| (*property, value))
    }

    fn find(&self, property: &str) -> Result<usize, usize> {
        // By length first: names that begin alike are many.
        self.0.binary_search_by_key(&(property.len(), property), |(it, _)| (it.len(), *it))
    }
}

impl Extend<(&'static str, Value)> for Values {
    fn extend<I: IntoIterator<Item = (&'static str, Value)>>(&mut self, items: I) {
        for (property, value) in items {
            self.insert(property, value);
        }
    }
}

impl<const N: usize> From<[(&'static str, Value); N]> for Values {
    fn from(items: [(&'static str, Value); N]) -> Self {
        let mut values = Self::default();
        values.extend(items);
        values
    }
}
