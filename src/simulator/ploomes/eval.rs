//! Whether a condition holds for a record.
//!
//! Three answers, as in SQL: what rests on something that cannot be seen yet, or on a comparison
//! with nothing, neither holds nor fails, and is not found.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::Value;

use super::{
    collate::Collation,
    dates,
    odata::{Expr, Function, Literal, Operand, Operator, Path},
    schema::{Kind, Link, Table},
    store::{Row, Store},
    switches::Switches,
};

/// Looks at the account's records as they are seen at one time.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) store: &'a Store,
    pub(super) switches: &'a Switches,
    /// The user of the key.
    pub(super) me: i64,
    pub(super) now: DateTime<Utc>,
}

/// The record in question, and the elements that lambdas speak of.
struct Scope<'s> {
    root: Row<'s>,
    variables: Vec<(&'s str, Row<'s>)>,
}

/// A value that can be compared.
enum Datum<'a> {
    Null,
    /// Of a record that searches do not see yet.
    Unseen,
    Bool(bool),
    Int(i64),
    Decimal(f64),
    Text(&'a str),
    Date(DateTime<FixedOffset>),
}

impl<'a> Reader<'a> {
    /// Whether `filter` finds `row`.
    pub(super) fn finds(&self, filter: &Expr, row: Row<'_>) -> bool {
        let mut scope = Scope { root: row, variables: Vec::new() };
        self.holds(filter, &mut scope) == Some(true)
    }

    /// Whether the key may see the record at all.
    pub(super) fn may_see(&self, row: Row<'_>) -> bool {
        !self.switches.restricted_profile
            || !matches!(row.table, Table::Contacts | Table::Deals | Table::DeletedDeals)
            || row.id_of("OwnerId") == Some(self.me)
            || row.id_of("CreatorId") == Some(self.me)
    }

    /// The record with this id, where the key sees it.
    pub(super) fn row(&self, table: Table, id: i64) -> Option<Row<'a>> {
        self.store.row(table, id, self.now).filter(|it| self.may_see(*it))
    }

    fn collation(&self) -> Collation {
        Collation { sensitive: self.switches.case_sensitive }
    }

    fn holds<'s>(&self, expr: &'s Expr, scope: &mut Scope<'s>) -> Option<bool>
    where
        'a: 's,
    {
        match expr {
            Expr::And(parts) => all(parts, |it| self.holds(it, scope)),
            Expr::Or(parts) => any(parts, |it| self.holds(it, scope)),
            Expr::Not(inner) => self.holds(inner, scope).map(|it| !it),
            Expr::Compare(operator, left, right) => {
                let (left, right) = (self.datum(left, scope), self.datum(right, scope));
                self.compare(*operator, &left, &right)
            }
            Expr::In(path, values) => {
                let left = self.value_at(path, scope);
                any(values, |it| self.compare(Operator::Eq, &left, &literal(it)))
            }
            Expr::Call(function, left, right) => {
                let (left, right) = (self.datum(left, scope), self.datum(right, scope));
                self.call(*function, &left, &right)
            }
            Expr::Exists(path) => Some(!self.elements(path, scope)?.is_empty()),
            Expr::Lambda { path, variable, body, all: every } => {
                let elements = self.elements(path, scope)?;
                let test = |row: &Row<'s>| {
                    scope.variables.push((variable, *row));
                    let held = self.holds(body, scope);
                    scope.variables.pop();
                    held
                };
                if *every { all(&elements, test) } else { any(&elements, test) }
            }
            Expr::Is(path) => match self.value_at(path, scope) {
                Datum::Bool(it) => Some(it),
                _ => None,
            },
        }
    }

    /// The rows of a collection; `None` where searches do not see them yet.
    fn elements<'s>(&self, path: &Path, scope: &Scope<'s>) -> Option<Vec<Row<'s>>>
    where
        'a: 's,
    {
        let (start, rest) = scope.start(path);
        let Some((last, through)) = rest.split_last() else { return Some(Vec::new()) };
        let Some(row) = self.walk(start, through) else { return Some(Vec::new()) };
        let lag = self.switches.any_filter_lag.max(self.switches.search_lag);
        if self.unseen(row, lag) {
            return None;
        }
        Some(self.linked(row, last))
    }

    /// The rows that a navigation leads to.
    pub(super) fn linked<'s>(&self, row: Row<'s>, name: &str) -> Vec<Row<'s>>
    where
        'a: 's,
    {
        let Some(navigation) = row.table.schema().navigation(name) else { return Vec::new() };
        match navigation.link {
            Link::One { table, by } => {
                row.id_of(by).and_then(|id| self.row(table, id)).into_iter().collect()
            }
            Link::Many { table, by } => {
                let id = row.value("Id");
                let belongs = |it: &Row<'_>| it.value(by) == id && self.may_see(*it);
                match self.store.holders(table, by, id) {
                    Some(ids) => {
                        ids.iter().filter_map(|id| self.row(table, *id)).filter(belongs).collect()
                    }
                    None => self.store.rows(table, self.now).filter(belongs).collect(),
                }
            }
            Link::Owned(table) => {
                let rows = row.owned.and_then(|it| it.get(navigation.name));
                let part = |values| Row { table, values, owned: None, made: None };
                rows.into_iter().flatten().map(part).collect()
            }
            Link::NoOne | Link::Nothing => Vec::new(),
        }
    }

    /// Where single navigations lead.
    fn walk<'s>(&self, mut row: Row<'s>, through: &[String]) -> Option<Row<'s>>
    where
        'a: 's,
    {
        for name in through {
            row = self.linked(row, name).pop()?;
        }
        Some(row)
    }

    /// Whether a search that lags behind by `lag` does not see the record yet.
    fn unseen(&self, row: Row<'_>, lag: std::time::Duration) -> bool {
        let lag = TimeDelta::from_std(lag).unwrap_or(TimeDelta::MAX);
        row.made.is_some_and(|made| {
            made.checked_add_signed(lag).is_none_or(|visible| self.now < visible)
        })
    }

    fn datum<'s>(&self, operand: &'s Operand, scope: &Scope<'s>) -> Datum<'s>
    where
        'a: 's,
    {
        match operand {
            Operand::Path(path) => self.value_at(path, scope),
            Operand::Literal(it) => literal(it),
        }
    }

    fn value_at<'s>(&self, path: &Path, scope: &Scope<'s>) -> Datum<'s>
    where
        'a: 's,
    {
        let (start, rest) = scope.start(path);
        let Some((last, through)) = rest.split_last() else { return Datum::Null };
        let Some(row) = self.walk(start, through) else { return Datum::Null };
        if last != "Id" && self.unseen(row, self.switches.search_lag) {
            return Datum::Unseen;
        }
        let kind = row.table.schema().property(last).map(|it| it.kind);
        match (row.values.get(last.as_str()), kind) {
            (Some(Value::Bool(it)), _) => Datum::Bool(*it),
            (Some(Value::Number(it)), _) => match it.as_i64() {
                Some(it) => Datum::Int(it),
                None => it.as_f64().map_or(Datum::Null, Datum::Decimal),
            },
            (Some(Value::String(it)), Some(Kind::Date)) => {
                dates::read(it).map_or(Datum::Null, Datum::Date)
            }
            (Some(Value::String(it)), _) => Datum::Text(it),
            _ => Datum::Null,
        }
    }

    fn compare(&self, operator: Operator, left: &Datum<'_>, right: &Datum<'_>) -> Option<bool> {
        if matches!(left, Datum::Unseen) || matches!(right, Datum::Unseen) {
            return None;
        }
        if matches!(left, Datum::Null) || matches!(right, Datum::Null) {
            let both = matches!((left, right), (Datum::Null, Datum::Null));
            return match operator {
                Operator::Eq => Some(both),
                Operator::Ne => Some(!both),
                _ => None,
            };
        }
        let order = self.order(left, right)?;
        Some(match operator {
            Operator::Eq => order == Ordering::Equal,
            Operator::Ne => order != Ordering::Equal,
            Operator::Gt => order == Ordering::Greater,
            Operator::Ge => order != Ordering::Less,
            Operator::Lt => order == Ordering::Less,
            Operator::Le => order != Ordering::Greater,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "an integer compared with a decimal")]
    fn order(&self, left: &Datum<'_>, right: &Datum<'_>) -> Option<Ordering> {
        match (left, right) {
            (Datum::Bool(left), Datum::Bool(right)) => Some(left.cmp(right)),
            (Datum::Int(left), Datum::Int(right)) => Some(left.cmp(right)),
            (Datum::Int(left), Datum::Decimal(right)) => (*left as f64).partial_cmp(right),
            (Datum::Decimal(left), Datum::Int(right)) => left.partial_cmp(&(*right as f64)),
            (Datum::Decimal(left), Datum::Decimal(right)) => left.partial_cmp(right),
            (Datum::Text(left), Datum::Text(right)) => {
                let collation = self.collation();
                Some(collation.key(left).cmp(&collation.key(right)))
            }
            (Datum::Date(left), Datum::Date(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    fn call(&self, function: Function, left: &Datum<'_>, right: &Datum<'_>) -> Option<bool> {
        let (Datum::Text(left), Datum::Text(right)) = (left, right) else { return None };
        let collation = self.collation();
        let (left, right) = (collation.folded(left), collation.folded(right));
        Some(match function {
            Function::Contains => left.contains(&right),
            Function::StartsWith => left.starts_with(&right),
            Function::EndsWith => left.ends_with(&right),
        })
    }
}

impl<'s> Scope<'s> {
    /// Where a path starts: at a lambda's variable, or at the record itself.
    fn start<'p>(&self, path: &'p Path) -> (Row<'s>, &'p [String]) {
        let first = path.0.first().map(String::as_str);
        match self.variables.iter().rev().find(|(name, _)| Some(*name) == first) {
            Some((_, row)) => (*row, &path.0[1..]),
            None => (self.root, &path.0),
        }
    }
}

fn literal(literal: &Literal) -> Datum<'_> {
    match literal {
        Literal::Null => Datum::Null,
        Literal::Bool(it) => Datum::Bool(*it),
        Literal::Int(it) => Datum::Int(*it),
        Literal::Decimal(it) => Datum::Decimal(*it),
        Literal::Text(it) => Datum::Text(it),
        Literal::Date(it) => Datum::Date(*it),
    }
}

/// Whether `test` holds for all: one that fails decides, one that is open leaves it open.
fn all<'t, T>(items: &'t [T], mut test: impl FnMut(&'t T) -> Option<bool>) -> Option<bool> {
    let mut open = false;
    for item in items {
        match test(item) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => open = true,
        }
    }
    (!open).then_some(true)
}

/// Whether `test` holds for one: one that holds decides, one that is open leaves it open.
fn any<'t, T>(items: &'t [T], mut test: impl FnMut(&'t T) -> Option<bool>) -> Option<bool> {
    all(items, |it| test(it).map(|it| !it)).map(|it| !it)
}
