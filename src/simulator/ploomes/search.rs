//! Finds records: by index where a condition allows it, else by looking at all of them.

use std::{cmp::Ordering, collections::BTreeSet};

use serde_json::Value;

use super::{
    collate::Collation,
    dates,
    eval::Reader,
    odata::{Expr, Literal, Operand, Operator, Options, Order},
    schema::{Kind, Link, Table},
    store::Row,
};

impl<'a> Reader<'a> {
    /// The records of `table` that `options` ask for, in order, before `$skip` and `$top`.
    pub(super) fn search(&self, table: Table, options: &Options) -> Vec<Row<'a>> {
        let narrowed = options.filter.as_ref().and_then(|it| self.narrowed(table, None, it));
        let mut found: Vec<Row<'a>> = match narrowed {
            Some(ids) => ids.iter().filter_map(|id| self.row(table, *id)).collect(),
            None => self.store.rows(table, self.now).filter(|it| self.may_see(*it)).collect(),
        };
        self.refine(&mut found, options);
        found
    }

    /// Keeps what the filter finds, and puts it in order.
    pub(super) fn refine(&self, rows: &mut Vec<Row<'_>>, options: &Options) {
        if let Some(filter) = &options.filter {
            rows.retain(|it| self.finds(filter, *it));
        }
        if let [first, ..] = options.order.as_slice()
            && first.path.0 == ["Id"]
        {
            // They are in order of ids already, and no two have the same.
            if first.descending {
                rows.reverse();
            }
            return;
        }
        if options.order.is_empty() {
            return;
        }
        let mut keyed: Vec<_> =
            rows.drain(..).map(|it| (self.sort_key(it, &options.order), it)).collect();
        // Stable: what is equal stays in the order of ids.
        keyed.sort_by(|(left, _), (right, _)| by_keys(left, right, &options.order));
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }

    fn sort_key(&self, row: Row<'_>, order: &[Order]) -> Vec<SortKey> {
        let collation = Collation { sensitive: self.switches.case_sensitive };
        let key = |it: &Order| {
            let Some((last, through)) = it.path.0.split_last() else { return SortKey::Null };
            let mut row = row;
            for name in through {
                match self.linked(row, name).pop() {
                    Some(next) => row = next,
                    None => return SortKey::Null,
                }
            }
            let kind = row.table.schema().property(last).map(|it| it.kind);
            match row.value(last) {
                Value::Bool(it) => SortKey::Number(f64::from(u8::from(*it))),
                Value::Number(it) => it.as_f64().map_or(SortKey::Null, SortKey::Number),
                Value::String(it) if kind == Some(Kind::Date) => {
                    dates::read(it).map_or(SortKey::Null, |it| SortKey::Time(it.timestamp_micros()))
                }
                Value::String(it) => SortKey::Text(collation.key(it)),
                _ => SortKey::Null,
            }
        };
        order.iter().map(key).collect()
    }

    /// Ids among which everything is that `expr` finds; `None` where only a look at all can say.
    ///
    /// `variable` is the element that a lambda speaks of; then `table` is what it is, and the ids
    /// are those of its owners.
    fn narrowed(&self, table: Table, variable: Option<&str>, expr: &Expr) -> Option<BTreeSet<i64>> {
        match expr {
            Expr::And(parts) => {
                let narrowed = parts.iter().filter_map(|it| self.narrowed(table, variable, it));
                narrowed.min_by_key(BTreeSet::len)
            }
            Expr::Or(parts) => {
                let mut ids = BTreeSet::new();
                for part in parts {
                    ids.extend(self.narrowed(table, variable, part)?);
                }
                Some(ids)
            }
            Expr::Compare(Operator::Eq, Operand::Path(path), Operand::Literal(literal)) => {
                self.holding(table, variable, &path.0, literal)
            }
            Expr::In(path, literals) => {
                let mut ids = BTreeSet::new();
                for literal in literals {
                    ids.extend(self.holding(table, variable, &path.0, literal)?);
                }
                Some(ids)
            }
            Expr::Lambda { path, variable: inner, body, all: false } if variable.is_none() => {
                let [name] = path.0.as_slice() else { return None };
                match table.schema().navigation(name)?.link {
                    Link::Owned(part) => self.narrowed(part, Some(inner), body),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Ids of records that may hold a value.
    fn holding(
        &self,
        table: Table,
        variable: Option<&str>,
        path: &[String],
        literal: &Literal,
    ) -> Option<BTreeSet<i64>> {
        let property = match (variable, path) {
            (None, [property]) => property,
            (Some(variable), [first, property]) if first == variable => property,
            _ => return None,
        };
        let value = match literal {
            Literal::Int(it) => Value::from(*it),
            Literal::Text(it) => Value::from(it.as_str()),
            _ => return None,
        };
        if variable.is_none() && property == "Id" {
            return value.as_i64().map(|id| BTreeSet::from([id]));
        }
        self.store.holders(table, property, &value).map(|it| it.iter().copied().collect())
    }
}

/// What rows are sorted by; null comes first, as in SQL Server.
#[derive(PartialEq, PartialOrd)]
enum SortKey {
    Null,
    Number(f64),
    Time(i64),
    Text(String),
}

fn by_keys(left: &[SortKey], right: &[SortKey], order: &[Order]) -> Ordering {
    for ((left, right), order) in left.iter().zip(right).zip(order) {
        let by = left.partial_cmp(right).unwrap_or(Ordering::Equal);
        if by != Ordering::Equal {
            return if order.descending { by.reverse() } else { by };
        }
    }
    Ordering::Equal
}
