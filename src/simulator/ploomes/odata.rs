//! The part of `OData` that clients of Ploomes use: query options, read and printed.
//!
//! Nothing here knows an entity: whether a property exists is said by [`super::check`]. Every text
//! is either read whole or refused; none makes the reader panic or run deep.

mod expr;
mod lex;
mod options;
mod parse;

pub(super) use expr::{Expr, Function, Literal, Operand, Operator, Path};
pub(super) use options::{Expand, Options, Order};

/// Query options that cannot be read, with what is wrong: a 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

#[cfg(test)]
mod tests;
