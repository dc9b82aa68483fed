//! Whether a query names only what there is, and compares only what can be compared.

use super::{
    odata::{Expand, Expr, Literal, Operand, Operator, Options, Path},
    refusal::Refusal,
    schema::{Kind, Link, Table},
    switches::Switches,
};

/// How deep `$expand` may go.
const EXPAND_MAX: usize = 3;

/// Refuses options that `table` cannot answer.
pub(super) fn check(table: Table, options: &Options, switches: &Switches) -> Result<(), Refusal> {
    Checker { table, variables: Vec::new(), switches }.options(options, 0)
}

struct Checker<'a> {
    table: Table,
    /// Names of lambda variables and what they stand for; `None`: something not simulated.
    variables: Vec<(&'a str, Option<Table>)>,
    switches: &'a Switches,
}

impl<'a> Checker<'a> {
    fn options(&mut self, options: &'a Options, depth: usize) -> Result<(), Refusal> {
        let schema = self.table.schema();
        for name in options.select.iter().flatten() {
            if schema.property(name).is_none() && schema.navigation(name).is_none() {
                return Err(unknown(self.table));
            }
        }
        if let Some(filter) = &options.filter {
            self.condition(filter)?;
        }
        for order in &options.order {
            self.kind(&order.path)?;
        }
        options.expand.iter().try_for_each(|it| self.expand(it, depth + 1))
    }

    fn expand(&self, expand: &Expand, depth: usize) -> Result<(), Refusal> {
        if depth > EXPAND_MAX {
            return Err(Refusal::bad("The request includes a $expand path which is too deep."));
        }
        let Some(navigation) = self.table.schema().navigation(&expand.name) else {
            return Err(unknown(self.table));
        };
        let table = match navigation.link {
            Link::One { table, .. } | Link::Many { table, .. } | Link::Owned(table) => table,
            // What is in it is not known, so nothing about it can be wrong.
            Link::NoOne | Link::Nothing => return Ok(()),
        };
        let mut inner = Checker { table, variables: Vec::new(), switches: self.switches };
        inner.options(&expand.options, depth)
    }

    fn condition(&mut self, expr: &'a Expr) -> Result<(), Refusal> {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => {
                parts.iter().try_for_each(|it| self.condition(it))
            }
            Expr::Not(inner) => self.condition(inner),
            Expr::Compare(operator, left, right) => self.comparison(*operator, left, right),
            Expr::In(path, values) => {
                let kind = self.kind(path)?;
                values.iter().try_for_each(|it| comparable(kind, literal_kind(it)))
            }
            Expr::Call(_, left, right) => {
                comparable(Some(Kind::Text), self.operand(left)?)?;
                comparable(Some(Kind::Text), self.operand(right)?)
            }
            Expr::Exists(path) => self.collection(path).map(|_| ()),
            Expr::Lambda { path, variable, body, .. } => {
                let element = self.collection(path)?;
                self.variables.push((variable, element));
                let checked = self.condition(body);
                self.variables.pop();
                checked
            }
            Expr::Is(path) => comparable(Some(Kind::Bool), self.kind(path)?),
        }
    }

    fn comparison(
        &self,
        operator: Operator,
        left: &Operand,
        right: &Operand,
    ) -> Result<(), Refusal> {
        let (left, right) = (self.operand(left)?, self.operand(right)?);
        let ordered = !matches!(operator, Operator::Eq | Operator::Ne);
        if ordered && (left == Some(Kind::Bool) || right == Some(Kind::Bool)) {
            return Err(Refusal::bad("A boolean has no order."));
        }
        comparable(left, right)
    }

    fn operand(&self, operand: &Operand) -> Result<Option<Kind>, Refusal> {
        match operand {
            Operand::Path(path) => self.kind(path),
            Operand::Literal(literal) => Ok(literal_kind(literal)),
        }
    }

    /// The kind of a property; `None` where it is not simulated.
    fn kind(&self, path: &Path) -> Result<Option<Kind>, Refusal> {
        let (Some(table), rest) = self.start(path) else { return Ok(None) };
        let Some((last, through)) = rest.split_last() else { return Err(unknown(table)) };
        let Some(table) = walk(table, through)? else { return Ok(None) };
        table.schema().property(last).map(|it| Some(it.kind)).ok_or_else(|| unknown(table))
    }

    /// What the elements of a collection are; `None` where it is not simulated.
    fn collection(&self, path: &Path) -> Result<Option<Table>, Refusal> {
        let (Some(table), rest) = self.start(path) else { return Ok(None) };
        let Some((last, through)) = rest.split_last() else { return Err(unknown(table)) };
        let Some(table) = walk(table, through)? else { return Ok(None) };
        match table.schema().navigation(last).map(|it| it.link) {
            Some(Link::Owned(Table::OtherOfContacts | Table::OtherOfDeals))
                if self.switches.other_filter_forbidden =>
            {
                Err(Refusal::forbidden())
            }
            Some(Link::Many { table, .. } | Link::Owned(table)) => Ok(Some(table)),
            Some(Link::Nothing) => Ok(None),
            Some(Link::One { .. } | Link::NoOne) => {
                Err(Refusal::bad("Any/All may only be used following a collection."))
            }
            None => Err(unknown(table)),
        }
    }

    /// Where a path starts: at a lambda's variable, or at the record itself.
    fn start<'p>(&self, path: &'p Path) -> (Option<Table>, &'p [String]) {
        let first = path.0.first().map(String::as_str);
        match self.variables.iter().rev().find(|(name, _)| Some(*name) == first) {
            Some((_, table)) => (*table, &path.0[1..]),
            None => (Some(self.table), &path.0),
        }
    }
}

/// Where single navigations lead from `table`; `None` where it is not simulated.
fn walk(mut table: Table, through: &[String]) -> Result<Option<Table>, Refusal> {
    for name in through {
        match table.schema().navigation(name).map(|it| it.link) {
            Some(Link::One { table: next, .. }) => table = next,
            Some(Link::NoOne) => return Ok(None),
            Some(Link::Many { .. } | Link::Owned(_) | Link::Nothing) => {
                return Err(Refusal::bad("A collection has no properties."));
            }
            None => return Err(unknown(table)),
        }
    }
    Ok(Some(table))
}

/// A property that does not exist looks like a missing right; only users are refused by name.
fn unknown(table: Table) -> Refusal {
    match table {
        Table::Users => Refusal::bad("Could not find a property on type 'User'."),
        _ => Refusal::forbidden(),
    }
}

const fn literal_kind(literal: &Literal) -> Option<Kind> {
    match literal {
        Literal::Null => None,
        Literal::Bool(_) => Some(Kind::Bool),
        Literal::Int(_) => Some(Kind::Int),
        Literal::Decimal(_) => Some(Kind::Decimal),
        Literal::Text(_) => Some(Kind::Text),
        Literal::Date(_) => Some(Kind::Date),
    }
}

/// Refuses two kinds that cannot be compared, such as a date with a quoted one.
fn comparable(left: Option<Kind>, right: Option<Kind>) -> Result<(), Refusal> {
    let numeric = |it| matches!(it, Kind::Int | Kind::Decimal);
    match (left, right) {
        (Some(left), Some(right)) if left != right && !(numeric(left) && numeric(right)) => {
            Err(Refusal::bad(format!(
                "A binary operator with incompatible types was detected: {left:?} and {right:?}."
            )))
        }
        _ => Ok(()),
    }
}
