//! Which packet of a server may come next, from the command to the end of its answer.

use super::{ending::Ending, packets};

/// The commands that are let through. What isn't here the driver may not ask for.
mod command {
    pub(super) const QUIT: u8 = 0x01;
    pub(super) const QUERY: u8 = 0x03;
    pub(super) const PING: u8 = 0x0E;
    pub(super) const PREPARE: u8 = 0x16;
    pub(super) const EXECUTE: u8 = 0x17;
    pub(super) const CLOSE: u8 = 0x19;
    pub(super) const RESET: u8 = 0x1A;
    pub(super) const RESET_CONNECTION: u8 = 0x1F;
}

/// What is still to come of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing: the server has been asked nothing, or has answered.
    Over,
    /// Nothing, ever again.
    Farewell,
    /// OK or an error.
    Acknowledgement,
    /// OK, an error, or the number of a result's columns.
    Result(Form),
    /// As many columns, and then?
    Columns { left: u16, then: Then },
    /// The packet that ends the columns, of servers that still have it.
    EndOfColumns(Then),
    /// Rows, and their end.
    Rows(Shape),
    /// A prepared statement or an error.
    Prepared,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Each value a text, for statements that were not prepared.
    Text,
    /// Each value as it is in memory, for those that were.
    Binary,
}

/// What is known of the rows to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    form: Form,
    columns: u16,
}

/// What follows the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The rows.
    Rows(Shape),
    /// After the parameters of a prepared statement, its columns.
    Columns(u16),
}

/// What was agreed on with the server, and what was sent to it.
pub(super) struct Terms {
    /// Whether columns and rows end with EOF packets.
    pub(super) has_eof: bool,
    /// How many parameters the prepared statement has at the most.
    pub(super) marks: usize,
}

impl Answer {
    /// What answers a command; an error for one that is not let through.
    pub(super) fn to(command: u8) -> Result<Self, Ending> {
        match command {
            command::QUERY => Ok(Self::Result(Form::Text)),
            command::EXECUTE => Ok(Self::Result(Form::Binary)),
            command::PREPARE => Ok(Self::Prepared),
            command::PING | command::RESET | command::RESET_CONNECTION => Ok(Self::Acknowledgement),
            command::CLOSE => Ok(Self::Over),
            command::QUIT => Ok(Self::Farewell),
            _ => Err(Ending::Driver("a command that the guard does not know")),
        }
    }

    /// Whether nothing is to come.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Over | Self::Farewell)
    }

    /// Whether the next packet is a column or a parameter.
    pub(super) fn is_column(self) -> bool {
        matches!(self, Self::Columns { .. })
    }

    /// Whether a packet that begins so and is so long is a row. Rows may be long, so they are let
    /// through as they come; every other packet is looked at as a whole.
    pub(super) fn is_row(self, first: u8, length: usize) -> Result<bool, Ending> {
        let Self::Rows(shape) = self else { return Ok(false) };
        let shortest = match (first, shape.form) {
            // A row that begins so would be 16 MiB long.
            (0xFE | 0xFF, _) => return Ok(false),
            // An empty text has a byte, and so has NULL.
            (_, Form::Text) => usize::from(shape.columns),
            // A zero, and a bit for each column after two that are not used.
            (0, Form::Binary) => 1 + (usize::from(shape.columns) + 2).div_ceil(8),
            (_, Form::Binary) => return Err(Ending::Protocol("something else than a row")),
        };
        if length < shortest { Err(Ending::Protocol("a row without its columns")) } else { Ok(true) }
    }

    /// What is to come after this packet.
    pub(super) fn after(self, payload: &[u8], terms: &Terms) -> Result<Self, Ending> {
        let first = *payload.first().ok_or(Ending::Protocol("an empty packet"))?;
        if first == 0xFF && !matches!(self, Self::EndOfColumns(_)) {
            packets::error(payload)?;
            return Ok(Self::Over);
        }
        match self {
            Self::Over | Self::Farewell => Err(Ending::Unasked),
            Self::Acknowledgement | Self::Result(_) if first == 0 => {
                packets::acknowledgement(payload)?;
                Ok(Self::Over)
            }
            Self::Acknowledgement => Err(Ending::Protocol("something else than an OK packet")),
            Self::Result(form) => {
                let columns = packets::column_count(payload)?;
                Ok(Self::Columns { left: columns, then: Then::Rows(Shape { form, columns }) })
            }
            Self::Columns { left, then } => {
                packets::column(payload)?;
                Ok(match left {
                    0 | 1 if terms.has_eof => Self::EndOfColumns(then),
                    0 | 1 => then.begin(),
                    left => Self::Columns { left: left - 1, then },
                })
            }
            Self::EndOfColumns(then) => {
                packets::end(payload)?;
                Ok(then.begin())
            }
            Self::Rows(_) => {
                if terms.has_eof {
                    packets::end(payload)?;
                } else {
                    packets::acknowledgement(payload)?;
                }
                Ok(Self::Over)
            }
            Self::Prepared => {
                let found = packets::prepared(payload, terms.marks)?;
                let then = Then::Columns(found.columns);
                Ok(match found.parameters {
                    0 => then.begin(),
                    left => Self::Columns { left, then },
                })
            }
        }
    }
}

impl Then {
    fn begin(self) -> Answer {
        match self {
            Self::Rows(shape) => Answer::Rows(shape),
            Self::Columns(0) => Answer::Over,
            Self::Columns(left) => Answer::Columns { left, then: Self::Columns(0) },
        }
    }
}

/// Whether this command prepares a statement.
pub(super) fn prepares(command: u8) -> bool {
    command == command::PREPARE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_long_as_its_columns_need() {
        for (form, columns, shortest) in [
            (Form::Text, 1, 1),
            (Form::Text, 300, 300),
            (Form::Binary, 1, 2),
            (Form::Binary, 6, 2),
            (Form::Binary, 7, 3),
            (Form::Binary, 4_096, 514),
        ] {
            let rows = Answer::Rows(Shape { form, columns });
            assert_eq!(rows.is_row(0, shortest), Ok(true), "{columns} columns");
            assert!(rows.is_row(0, shortest - 1).is_err(), "{columns} columns");
        }
    }

    #[test]
    fn a_row_begins_like_one_of_its_form() {
        let rows = |form| Answer::Rows(Shape { form, columns: 1 });
        for first in 0..=0xFD {
            assert_eq!(rows(Form::Text).is_row(first, 9), Ok(true));
            assert_eq!(rows(Form::Binary).is_row(first, 9).is_ok(), first == 0);
        }
        for (form, first) in
            [(Form::Text, 0xFE), (Form::Text, 0xFF), (Form::Binary, 0xFE), (Form::Binary, 0xFF)]
        {
            assert_eq!(rows(form).is_row(first, 9), Ok(false));
        }
        assert_eq!(Answer::Acknowledgement.is_row(0, 9), Ok(false));
    }
}
