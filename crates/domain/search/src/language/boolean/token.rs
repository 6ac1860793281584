//! Queries cut into tokens.

use super::{Mark, QueryFault};
use crate::{
    TermText,
    language::{is_quote, lower_words},
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    And,
    Or,
    Not,
    Plus,
    Minus,
    Mark(Mark),
    Open,
    Close,
    /// `column:`, with what it is for right after it.
    Column(String),
    Term(TermText),
    End,
}

/// A token, and where it stands in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Cuts a query into tokens, the last of which is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, QueryFault> {
    let mut cutter = Cutter { chars: text.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let placed = cutter.next()?;
        let is_last = placed.token == Token::End;
        tokens.push(placed);
        if is_last {
            return Ok(tokens);
        }
    }
}

pub(super) fn fault(position: usize, expected: impl Into<String>) -> QueryFault {
    QueryFault { position, expected: expected.into() }
}

struct Cutter {
    chars: Vec<char>,
    at: usize,
}

impl Cutter {
    fn next(&mut self) -> Result<Placed, QueryFault> {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some(c) if is_quote(c) => self.phrase()?,
            Some(c) => match sign(c) {
                Some(token) => {
                    self.at += 1;
                    token
                }
                None => self.run()?,
            },
        };
        Ok(Placed { token, start, end: self.at })
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn text(&self, start: usize, end: usize) -> String {
        self.chars[start..end].iter().collect()
    }

    /// Words in quotes.
    fn phrase(&mut self) -> Result<Token, QueryFault> {
        let start = self.at + 1;
        let length = self.chars[start..].iter().position(|c| is_quote(*c));
        let Some(length) = length else {
            return Err(fault(self.chars.len(), "a closing quote"));
        };
        self.at = start + length + 1;
        // MySQL's `"a b" @5` and `"a b"*` mean something else.
        if let Some('*' | '@') = self.peek() {
            return Err(fault(self.at, "white space after a phrase"));
        }
        let text = term(&self.text(start, start + length)).ok_or_else(|| fault(start, "a word"))?;
        Ok(Token::Term(text))
    }

    /// A word, an operator, or a column.
    fn run(&mut self) -> Result<Token, QueryFault> {
        let start = self.at;
        while let Some(c) = self.peek() {
            if is_space(c) || is_quote(c) || matches!(c, '(' | ')') {
                break;
            }
            if c == ':' && self.is_column(start) {
                let name = self.text(start, self.at);
                self.at += 1;
                return match self.peek() {
                    Some(next) if !is_space(next) && next != ')' => Ok(Token::Column(name)),
                    _ => Err(fault(self.at, format!("a word, a phrase or ( right after {name}:"))),
                };
            }
            self.at += 1;
        }
        match self.text(start, self.at).as_str() {
            "AND" => Ok(Token::And),
            "OR" => Ok(Token::Or),
            "NOT" => Ok(Token::Not),
            text => word(text, start).map(Token::Term),
        }
    }

    /// Whether what stands from `start` to the colon here is a column's name: not the hours of a time,
    /// and no `https://` or `std::vec`.
    fn is_column(&self, start: usize) -> bool {
        let name = &self.chars[start..self.at];
        let begins = name.first().is_some_and(|c| c.is_alphabetic() || *c == '_');
        let is_name = name.iter().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '.'));
        begins && is_name && !matches!(self.chars.get(self.at + 1), Some(':' | '/'))
    }
}

fn sign(c: char) -> Option<Token> {
    Some(match c {
        '(' => Token::Open,
        ')' => Token::Close,
        '+' => Token::Plus,
        '-' => Token::Minus,
        '>' => Token::Mark(Mark::Raised),
        '<' => Token::Mark(Mark::Lowered),
        '~' => Token::Mark(Mark::Against),
        _ => return None,
    })
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// What a run of characters from `start` on means: a word, a prefix, or words.
fn word(run: &str, start: usize) -> Result<TermText, QueryFault> {
    let Some(star) = run.chars().position(|c| c == '*') else {
        return term(run).ok_or_else(|| fault(start, "a word of letters or digits"));
    };
    if star + 1 != run.chars().count() {
        return Err(fault(start + star, "* only at the end of a word"));
    }
    match term(run) {
        Some(TermText::Word(word)) => Ok(TermText::Prefix(word)),
        Some(_) => Err(fault(start + star, "only one word before *")),
        None => Err(fault(start, "a word before *")),
    }
}

/// What these words mean, one right after the other.
fn term(text: &str) -> Option<TermText> {
    let mut words: Vec<String> = lower_words(text).collect();
    match words.len() {
        0 => None,
        1 => words.pop().map(TermText::Word),
        _ => Some(TermText::Phrase(words)),
    }
}
