//! The few words in which all SQL of the ledger is spoken.
//!
//! Statements are cached, times are milliseconds, the domain's ids and words go in and out as
//! they are, and a change that must hit one row says so.

use chrono::{DateTime, Utc};
use rusqlite::{
    Connection, OptionalExtension, Params, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use super::LedgerError;
use crate::domain::{
    ContactId, DeliveryId, EnrollmentId, Fate, FoundBy, Lane, LeadId, LeadState, RecordId, RouteId,
};

/// A point in time as the ledger keeps it: milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub DateTime<Utc>);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.timestamp_millis().into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let millis = value.as_i64()?;
        DateTime::from_timestamp_millis(millis).map(Self).ok_or(FromSqlError::OutOfRange(millis))
    }
}

/// Lets an id be a column.
macro_rules! id_columns {
    ($($id:ident),+) => {$(
        impl rusqlite::ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl rusqlite::types::FromSql for $id {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    )+};
}

/// Lets an enum be a column, and says the words that the schema has for it.
macro_rules! word_columns {
    ($($enum:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl $enum {
            /// The word kept in the ledger and shown in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl rusqlite::ToSql for $enum {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $enum {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    // The schema's CHECK lets no other word in.
                    _ => Err(rusqlite::types::FromSqlError::InvalidType),
                }
            }
        }
    )+};
}

pub(super) use word_columns;

id_columns!(ContactId, DeliveryId, EnrollmentId, LeadId, RecordId, RouteId);

macro_rules! domain_words {
    ($($word:ty),+) => {$(
        impl ToSql for $word {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $word {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(FromSqlError::other)
            }
        }
    )+};
}

domain_words!(Fate, FoundBy, LeadState);

impl ToSql for Lane {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.rank().into())
    }
}

impl FromSql for Lane {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let rank = value.as_i64()?;
        Self::from_rank(rank).ok_or(FromSqlError::OutOfRange(rank))
    }
}

/// A column that holds a time or nothing.
pub fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<DateTime<Utc>>> {
    Ok(row.get::<_, Option<Millis>>(column)?.map(|at| at.0))
}

/// A column that holds a time.
pub fn time_of(row: &Row<'_>, column: &str) -> rusqlite::Result<DateTime<Utc>> {
    Ok(row.get::<_, Millis>(column)?.0)
}

/// Runs a statement, which is kept prepared; returns how many rows it changed.
pub fn execute(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
) -> Result<usize, LedgerError> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}

/// Inserts one row; returns its id.
pub fn insert(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
) -> Result<i64, LedgerError> {
    Ok(conn.prepare_cached(sql)?.insert(params)?)
}

/// Runs a statement that must change exactly one row.
pub fn change_one(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
) -> Result<(), LedgerError> {
    match execute(conn, sql, params)? {
        1 => Ok(()),
        actual => Err(LedgerError::Unchanged { expected: 1, actual }),
    }
}

/// The one row that there must be.
pub fn one<T>(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
    from_row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<T, LedgerError> {
    Ok(conn.prepare_cached(sql)?.query_row(params, from_row)?)
}

/// The one row, or none.
pub fn maybe<T>(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
    from_row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, LedgerError> {
    Ok(conn.prepare_cached(sql)?.query_row(params, from_row).optional()?)
}

/// All rows, in the order of the statement.
pub fn all<T>(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
    from_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, LedgerError> {
    Ok(conn.prepare_cached(sql)?.query_map(params, from_row)?.collect::<Result<_, _>>()?)
}
