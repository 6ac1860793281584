//! Tokens put together: recursive descent, no deeper than allowed.

use super::{
    BooleanQuery, Clause, QueryFault,
    token::{Placed, Token, fault, tokens},
};

const PRIMARY: &str = "a word, a phrase or (";

pub(super) fn parse(text: &str) -> Result<Clause, QueryFault> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, terms: 0 };
    let root = parser.any(None)?;
    match parser.peek() {
        Token::End => Ok(root),
        _ => Err(fault(parser.start(), "a word, an operator or the end, and no ) that nothing opened")),
    }
}

struct Parser {
    /// The last one is the end.
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |placed| &placed.token)
    }

    fn start(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |placed| placed.start)
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len());
    }

    /// Passes over a sign, which has to stand right before what it is for.
    fn sign(&mut self) -> Result<(), QueryFault> {
        let end = self.tokens.get(self.at).map_or(0, |placed| placed.end);
        self.advance();
        if self.start() == end && *self.peek() != Token::End { Ok(()) } else { Err(fault(end, PRIMARY)) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, QueryFault>) -> Result<T, QueryFault> {
        if self.depth == BooleanQuery::MAX_DEPTH {
            let expected = format!("at most {} levels of brackets and NOT", BooleanQuery::MAX_DEPTH);
            return Err(fault(self.start(), expected));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn any(&mut self, column: Option<&str>) -> Result<Clause, QueryFault> {
        let mut parts = vec![self.all(column)?];
        while *self.peek() == Token::Or {
            self.advance();
            parts.push(self.all(column)?);
        }
        Ok(one_or(parts, Clause::Any))
    }

    fn all(&mut self, column: Option<&str>) -> Result<Clause, QueryFault> {
        let mut parts = vec![self.unary(column)?];
        loop {
            match self.peek() {
                Token::Or | Token::Close | Token::End => return Ok(one_or(parts, Clause::All)),
                Token::And => self.advance(),
                _ => {}
            }
            parts.push(self.unary(column)?);
        }
    }

    fn unary(&mut self, column: Option<&str>) -> Result<Clause, QueryFault> {
        match self.peek() {
            Token::Not => {
                self.advance();
                self.deeper(|parser| parser.unary(column)).map(not)
            }
            Token::Plus => {
                self.sign()?;
                self.marked(column)
            }
            Token::Minus => {
                self.sign()?;
                self.marked(column).map(not)
            }
            _ => self.marked(column),
        }
    }

    fn marked(&mut self, column: Option<&str>) -> Result<Clause, QueryFault> {
        let Token::Mark(mark) = *self.peek() else { return self.primary(column) };
        self.sign()?;
        Ok(Clause::Marked(mark, Box::new(self.primary(column)?)))
    }

    fn primary(&mut self, column: Option<&str>) -> Result<Clause, QueryFault> {
        let start = self.start();
        match self.peek().clone() {
            Token::Open => {
                self.advance();
                let inner = self.deeper(|parser| parser.any(column))?;
                if *self.peek() != Token::Close {
                    return Err(fault(self.start(), ")"));
                }
                self.advance();
                Ok(inner)
            }
            // The cutter saw that something stands right after it; one column is enough.
            Token::Column(name) => {
                self.advance();
                if matches!(self.peek(), Token::Column(_)) {
                    return Err(fault(self.start(), PRIMARY));
                }
                self.primary(Some(&name))
            }
            Token::Term(text) => {
                self.terms += 1;
                if self.terms > BooleanQuery::MAX_TERMS {
                    let expected = format!("at most {} words and phrases", BooleanQuery::MAX_TERMS);
                    return Err(fault(start, expected));
                }
                self.advance();
                Ok(Clause::Term(text, column.map(str::to_owned)))
            }
            Token::And | Token::Or | Token::Not => {
                Err(fault(start, format!("{PRIMARY} (operators stand in quotes to be looked for)")))
            }
            _ => Err(fault(start, PRIMARY)),
        }
    }
}

fn not(clause: Clause) -> Clause {
    Clause::Not(Box::new(clause))
}

fn one_or(mut parts: Vec<Clause>, more: fn(Vec<Clause>) -> Clause) -> Clause {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            more(parts)
        }
    }
}
