//! Query options, of a request or inside `$expand`.

use percent_encoding::percent_decode_str;

use super::{Expr, Literal, Malformed, Path, lex::Token, parse::Cursor};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in super::super) struct Options {
    /// Only these properties; `None`, or `*`, is all of them.
    pub(in super::super) select: Option<Vec<String>>,
    /// Only what this holds for.
    pub(in super::super) filter: Option<Expr>,
    /// With these.
    pub(in super::super) expand: Vec<Expand>,
    /// In this order.
    pub(in super::super) order: Vec<Order>,
    /// At most so many.
    pub(in super::super) top: Option<usize>,
    /// After so many.
    pub(in super::super) skip: Option<usize>,
    /// And how many there are in all.
    pub(in super::super) count: bool,
}

/// Something else to put into the answer.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Expand {
    /// What.
    pub(in super::super) name: String,
    /// What of it.
    pub(in super::super) options: Options,
}

/// A property to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Order {
    /// Which.
    pub(in super::super) path: Path,
    /// Largest first.
    pub(in super::super) descending: bool,
}

impl Options {
    /// Reads the query of a URL, still encoded.
    ///
    /// `+` is a space and `%2B` a plus. Options without a `$` are the caller's own business.
    pub(in super::super) fn from_query(query: &str) -> Result<Self, Malformed> {
        let mut options = Self::default();
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !name.starts_with('$') {
                continue;
            }
            if seen.contains(&name) {
                return Err(Malformed(format!("'{name}' twice")));
            }
            let mut cursor = Cursor::new(&value)?;
            options.read(&name, &mut cursor)?;
            cursor.end()?;
            seen.push(name);
        }
        Ok(options)
    }

    /// Reads the value of one option, up to where it ends.
    fn read(&mut self, name: &str, cursor: &mut Cursor) -> Result<(), Malformed> {
        match name {
            "$select" => self.select = select(cursor)?,
            "$filter" => self.filter = Some(cursor.condition()?),
            "$orderby" => self.order = listed(cursor, order)?,
            "$expand" => self.expand = listed(cursor, |it| it.deeper(expand))?,
            "$top" => self.top = Some(number(cursor)?),
            "$skip" => self.skip = Some(number(cursor)?),
            "$count" => self.count = matches!(cursor.literal()?, Literal::Bool(true)),
            _ => return Err(Malformed(format!("the query option '{name}' is not supported"))),
        }
        Ok(())
    }
}

/// The text without its encoding.
fn decoded(text: &str) -> Result<String, Malformed> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Malformed("the query is not UTF-8".to_owned()))
}

/// Items with commas between them; at least one.
fn listed<T>(
    cursor: &mut Cursor,
    item: impl Fn(&mut Cursor) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut items = vec![item(cursor)?];
    while cursor.eat(',') {
        items.push(item(cursor)?);
    }
    Ok(items)
}

fn select(cursor: &mut Cursor) -> Result<Option<Vec<String>>, Malformed> {
    if cursor.eat('*') { Ok(None) } else { listed(cursor, Cursor::word).map(Some) }
}

fn order(cursor: &mut Cursor) -> Result<Order, Malformed> {
    let path = cursor.path()?;
    let descending = cursor.eat_word("desc");
    if !descending {
        cursor.eat_word("asc");
    }
    Ok(Order { path, descending })
}

fn expand(cursor: &mut Cursor) -> Result<Expand, Malformed> {
    let name = cursor.word()?;
    let mut options = Options::default();
    if cursor.eat('(') {
        loop {
            let option = cursor.word()?;
            cursor.expect('=')?;
            options.read(&option, cursor)?;
            if !cursor.eat(';') {
                break;
            }
        }
        cursor.expect(')')?;
    }
    Ok(Expand { name, options })
}

fn number(cursor: &mut Cursor) -> Result<usize, Malformed> {
    match cursor.peek() {
        Some(Token::Literal(Literal::Int(it))) if *it >= 0 => {
            let it = usize::try_from(*it).unwrap_or(usize::MAX);
            cursor.literal()?;
            Ok(it)
        }
        _ => Err(Malformed("a number of rows is no number".to_owned())),
    }
}
