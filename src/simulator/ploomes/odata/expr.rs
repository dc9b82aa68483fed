//! A `$filter` as a tree.

use std::fmt;

use chrono::{DateTime, FixedOffset};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Expr {
    /// All hold; at least two.
    And(Vec<Expr>),
    /// One holds; at least two.
    Or(Vec<Expr>),
    /// Does not hold.
    Not(Box<Expr>),
    /// `Email eq 'x'`.
    Compare(Operator, Operand, Operand),
    /// `Id in (1,2)`.
    In(Path, Vec<Literal>),
    /// `contains(Name,'x')`.
    Call(Function, Operand, Operand),
    /// `Phones/any()`: there is one.
    Exists(Path),
    /// `Phones/any(p: …)`, or `all` where the last is set.
    Lambda {
        /// The collection.
        path: Path,
        /// The name of an element inside.
        variable: String,
        /// What must hold for it.
        body: Box<Expr>,
        /// For each element, not only for one.
        all: bool,
    },
    /// A boolean property by itself.
    Is(Path),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    /// All of them.
    pub(in super::super) const ALL: [Self; 6] =
        [Self::Eq, Self::Ne, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The word for it.
    pub(in super::super) const fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// A test of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Function {
    Contains,
    StartsWith,
    EndsWith,
}

impl Function {
    /// All of them.
    pub(in super::super) const ALL: [Self; 3] = [Self::Contains, Self::StartsWith, Self::EndsWith];

    /// The word for it.
    pub(in super::super) const fn word(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Operand {
    /// A property.
    Path(Path),
    /// A value.
    Literal(Literal),
}

/// A property, through others: `Deal/PipelineId`, or from a lambda's variable: `p/PhoneNumber`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Path(pub(in super::super) Vec<String>);

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Decimal(f64),
    Text(String),
    Date(DateTime<FixedOffset>),
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " and "),
            Self::Or(parts) => joined(f, parts, " or "),
            Self::Not(inner) => match inner.as_ref() {
                simple @ (Self::Not(_)
                | Self::Call(..)
                | Self::Exists(_)
                | Self::Lambda { .. }
                | Self::Is(_)) => write!(f, "not {simple}"),
                other => write!(f, "not ({other})"),
            },
            Self::Compare(operator, left, right) => {
                write!(f, "{left} {} {right}", operator.word())
            }
            Self::In(path, values) => {
                write!(f, "{path} in (")?;
                for (at, value) in values.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str(")")
            }
            Self::Call(function, left, right) => write!(f, "{}({left},{right})", function.word()),
            Self::Exists(path) => write!(f, "{path}/any()"),
            Self::Lambda { path, variable, body, all } => {
                write!(f, "{path}/{}({variable}: {body})", if *all { "all" } else { "any" })
            }
            Self::Is(path) => path.fmt(f),
        }
    }
}

/// The parts with `word` between them, those that could be misread in parentheses.
fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        match part {
            Expr::And(_) | Expr::Or(_) => write!(f, "({part})")?,
            _ => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(it) => it.fmt(f),
            Self::Int(it) => it.fmt(f),
            // `Debug` keeps the point, which tells a decimal from an integer.
            Self::Decimal(it) => fmt::Debug::fmt(it, f),
            Self::Text(it) => write!(f, "'{}'", it.replace('\'', "''")),
            Self::Date(it) => f.write_str(&it.to_rfc3339()),
        }
    }
}
