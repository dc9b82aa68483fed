//! Everything that is held of a person.
