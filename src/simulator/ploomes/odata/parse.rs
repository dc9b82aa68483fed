//! Reads words into conditions.

use super::{
    Expr, Function, Literal, Malformed, Operand, Operator, Path,
    lex::{Token, tokens},
};

/// How deep parentheses, `not` and lambdas may go.
///
/// The real service has such a bound too; this one keeps a hostile text from running the stack out.
const DEPTH_MAX: usize = 50;

/// The words of a query option, and how far they have been read.
pub(super) struct Cursor {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, Malformed>;

impl Cursor {
    /// The words of `text`.
    pub(super) fn new(text: &str) -> Read<Self> {
        Ok(Self { tokens: tokens(text)?, at: 0, depth: 0 })
    }

    /// The next word, not taken.
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes the symbol, where it comes next.
    pub(super) fn eat(&mut self, symbol: char) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    /// Takes the symbol that has to come next.
    pub(super) fn expect(&mut self, symbol: char) -> Read<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected(&format!("'{symbol}'"))) }
    }

    /// Takes the keyword, where it comes next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(it)) if it == word);
        self.at += usize::from(found);
        found
    }

    /// Takes a name.
    pub(super) fn word(&mut self) -> Read<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// Takes a value.
    pub(super) fn literal(&mut self) -> Read<Literal> {
        match self.peek() {
            Some(Token::Literal(literal)) => {
                let literal = literal.clone();
                self.at += 1;
                Ok(literal)
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Fails unless everything has been read.
    pub(super) fn end(&self) -> Read<()> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    /// Reads with `inner`, one level deeper.
    pub(super) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH_MAX {
            return Err(Malformed("the expression is nested too deep".to_owned()));
        }
        self.depth += 1;
        let read = inner(self);
        self.depth -= 1;
        read
    }

    fn unexpected(&self, wanted: &str) -> Malformed {
        let at = self.at;
        Malformed(format!("a syntax error at word {at}: {wanted} was expected"))
    }

    /// A property, possibly through others.
    pub(super) fn path(&mut self) -> Read<Path> {
        let mut parts = vec![self.word()?];
        while self.eat('/') {
            parts.push(self.word()?);
        }
        Ok(Path(parts))
    }

    /// A whole condition.
    pub(super) fn condition(&mut self) -> Read<Expr> {
        self.deeper(|it| {
            it.several("or", |it| it.several("and", Self::comparison, Expr::And), Expr::Or)
        })
    }

    /// One part, or several with `word` between them, which `join` makes one.
    fn several(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Read<Expr>,
        join: impl FnOnce(Vec<Expr>) -> Expr,
    ) -> Read<Expr> {
        let first = part(self)?;
        if !self.eat_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.eat_word(word) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    /// A comparison, or a condition that needs none.
    fn comparison(&mut self) -> Read<Expr> {
        let left = match self.primary()? {
            Primary::Condition(condition) => return Ok(condition),
            Primary::Operand(operand) => operand,
        };
        if self.eat_word("in") {
            return self.list(left);
        }
        match Operator::ALL.into_iter().find(|it| self.eat_word(it.word())) {
            Some(operator) => Ok(Expr::Compare(operator, left, self.operand()?)),
            None => self.bare(left),
        }
    }

    /// What stands in the parentheses after `in`.
    fn list(&mut self, left: Operand) -> Read<Expr> {
        let Operand::Path(path) = left else { return Err(self.unexpected("a property")) };
        self.expect('(')?;
        let mut values = vec![self.literal()?];
        while self.eat(',') {
            values.push(self.literal()?);
        }
        self.expect(')')?;
        Ok(Expr::In(path, values))
    }

    /// A boolean property by itself.
    fn bare(&self, operand: Operand) -> Read<Expr> {
        match operand {
            Operand::Path(path) => Ok(Expr::Is(path)),
            Operand::Literal(_) => Err(self.unexpected("a comparison")),
        }
    }

    fn operand(&mut self) -> Read<Operand> {
        if let Some(Token::Literal(_)) = self.peek() {
            return self.literal().map(Operand::Literal);
        }
        self.path().map(Operand::Path)
    }

    fn primary(&mut self) -> Read<Primary> {
        if self.eat('(') {
            let inner = self.condition()?;
            self.expect(')')?;
            return Ok(Primary::Condition(inner));
        }
        if self.eat_word("not") {
            // Binds closer than a comparison: `not a eq b` is no condition.
            let inner = self.deeper(Self::primary)?;
            let inner = match inner {
                Primary::Condition(condition) => condition,
                Primary::Operand(operand) => self.bare(operand)?,
            };
            return Ok(Primary::Condition(Expr::Not(Box::new(inner))));
        }
        if let Some(Token::Literal(_)) = self.peek() {
            return self.literal().map(|it| Primary::Operand(Operand::Literal(it)));
        }
        let path = self.path()?;
        if self.eat('(') { self.call(path) } else { Ok(Primary::Operand(Operand::Path(path))) }
    }

    /// What comes after a name and an opening parenthesis: a function or a lambda.
    fn call(&mut self, mut path: Path) -> Read<Primary> {
        let name = path.0.pop().unwrap_or_default();
        if path.0.is_empty() {
            let function = Function::ALL.into_iter().find(|it| it.word() == name);
            let Some(function) = function else {
                return Err(Malformed(format!("an unknown function '{name}'")));
            };
            let left = self.operand()?;
            self.expect(',')?;
            let right = self.operand()?;
            self.expect(')')?;
            return Ok(Primary::Condition(Expr::Call(function, left, right)));
        }
        let all = match name.as_str() {
            "any" => false,
            "all" => true,
            _ => return Err(Malformed(format!("an unknown function '{name}'"))),
        };
        if !all && self.eat(')') {
            return Ok(Primary::Condition(Expr::Exists(path)));
        }
        let variable = self.word()?;
        self.expect(':')?;
        let body = Box::new(self.condition()?);
        self.expect(')')?;
        Ok(Primary::Condition(Expr::Lambda { path, variable, body, all }))
    }
}

/// What can stand beside an operator.
enum Primary {
    /// Needs no comparison.
    Condition(Expr),
    /// Can be compared.
    Operand(Operand),
}
