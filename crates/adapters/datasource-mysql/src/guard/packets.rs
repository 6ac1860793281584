//! What packets of the command phase must look like, byte by byte. A driver that parses them may
//! rely on it: what is announced is there, and nothing is announced that wasn't agreed on.

use super::{bytes::Bytes, ending::Ending};

/// More columns than any statement of this service has; MySQL's own limit is the same.
const MAX_COLUMNS: u16 = 4_096;

/// In a status: another result follows. Nobody asked for two.
const MORE_RESULTS: u16 = 0x0008;

/// What each column's catalog is called, with its length before it.
const CATALOG: &[u8] = b"\x03def";

/// The length of a column's numbers: character set, length, type, flags, decimals and a filler.
const COLUMN_NUMBERS: u64 = 12;

/// An OK packet; as the end of rows its first byte is another one.
pub(super) fn acknowledgement(payload: &[u8]) -> Result<(), Ending> {
    let mut rest = Bytes(payload);
    let mut status = || {
        rest.take(1)?;
        rest.number()?;
        rest.number()?;
        let status = rest.u16()?;
        rest.u16()?;
        Some(status)
    };
    no_more_results(status().ok_or(Ending::Protocol("an OK packet that ends too early"))?)
}

/// An EOF packet, of servers that still have them.
pub(super) fn end(payload: &[u8]) -> Result<(), Ending> {
    match *payload {
        [0xFE, _, _, low, high] => no_more_results(u16::from_le_bytes([low, high])),
        _ => Err(Ending::Protocol("something else than an EOF packet")),
    }
}

fn no_more_results(status: u16) -> Result<(), Ending> {
    match status & MORE_RESULTS {
        0 => Ok(()),
        _ => Err(Ending::Protocol("a second result that nobody asked for")),
    }
}

/// An error: its number, the mark and the five letters of its SQLSTATE, its text.
pub(super) fn error(payload: &[u8]) -> Result<(), Ending> {
    match *payload {
        [0xFF, _, _, b'#', _, _, _, _, _, ..] => Ok(()),
        _ => Err(Ending::Protocol("an error without its number or state")),
    }
}

/// The number of columns, with nothing after it.
pub(super) fn column_count(payload: &[u8]) -> Result<u16, Ending> {
    if payload.first() == Some(&0xFB) {
        return Err(Ending::Protocol("a request for a file of ours"));
    }
    let mut rest = Bytes(payload);
    let count = rest.number().ok_or(Ending::Protocol("no number of columns"))?;
    if !rest.0.is_empty() {
        return Err(Ending::Protocol("more than the number of columns"));
    }
    columns(count)
}

fn columns(count: u64) -> Result<u16, Ending> {
    let count = u16::try_from(count).ok().filter(|count| (1..=MAX_COLUMNS).contains(count));
    count.ok_or(Ending::Protocol("a number of columns that no table has"))
}

/// A column: catalog, five names, and twelve bytes of numbers.
pub(super) fn column(payload: &[u8]) -> Result<(), Ending> {
    let rest = payload.strip_prefix(CATALOG).ok_or(Ending::Protocol("something else than a column"))?;
    let mut rest = Bytes(rest);
    let mut kind = || {
        for _name in 0..5 {
            rest.string()?;
        }
        if rest.number()? != COLUMN_NUMBERS {
            return None;
        }
        let numbers = rest.array::<12>()?;
        Some(numbers[6])
    };
    match kind().ok_or(Ending::Protocol("a column that ends too early"))? {
        // The types that are sent; those left out are the servers' own business.
        0..=16 | 242 | 245..=255 => Ok(()),
        _ => Err(Ending::Protocol("a column of a type that there is not")),
    }
}

/// What a prepared statement has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) columns: u16,
    pub(super) parameters: u16,
}

/// The head of a prepared statement, which has at most `marks` parameters.
pub(super) fn prepared(payload: &[u8], marks: usize) -> Result<Prepared, Ending> {
    let [0, _, _, _, _, c, olumns, p, arameters, 0, _, _] = *payload else {
        return Err(Ending::Protocol("something else than a prepared statement"));
    };
    let found =
        Prepared { columns: u16::from_le_bytes([c, olumns]), parameters: u16::from_le_bytes([p, arameters]) };
    if found.columns > 0 {
        columns(found.columns.into())?;
    }
    if usize::from(found.parameters) > marks {
        return Err(Ending::Protocol("more parameters than the statement has"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMN: &[u8] = b"\x03def\0\0\0\x01a\0\x0C\x2D\0\xFF\0\0\0\xFD\0\0\0\0\0";

    #[test]
    fn a_number_of_columns_is_one_that_a_table_can_have_and_stands_alone() {
        assert_eq!(column_count(&[1]), Ok(1));
        assert_eq!(column_count(&[0xFC, 0, 16]), Ok(4_096));
        for refused in [&[][..], &[0], &[1, 0], &[0xFB], &[0xFC, 1, 16], &[0xFD, 0, 0, 1], &[0xFF, 1]] {
            assert!(column_count(refused).is_err(), "{refused:?}");
        }
        for bits in 16..64_u32 {
            let count = [&[0xFE][..], &(1_u64 << bits).to_le_bytes()].concat();
            assert!(column_count(&count).is_err(), "2^{bits}");
        }
    }

    #[test]
    fn a_column_is_whole_and_of_a_known_type() {
        assert_eq!(column(COLUMN), Ok(()));
        for end in 0..COLUMN.len() {
            assert!(column(&COLUMN[..end]).is_err(), "{end}");
        }
        let mut odd = COLUMN.to_vec();
        odd[17] = 17;
        assert!(column(&odd).is_err());
    }

    #[test]
    fn nothing_announces_a_second_result() {
        assert_eq!(acknowledgement(&[0, 0, 0, 2, 0, 0, 0]), Ok(()));
        assert!(acknowledgement(&[0, 0, 0, 0x0A, 0, 0, 0]).is_err());
        assert!(acknowledgement(&[0, 0, 0, 2, 0]).is_err());
        assert_eq!(end(&[0xFE, 0, 0, 2, 0]), Ok(()));
        assert!(end(&[0xFE, 0, 0, 8, 0]).is_err());
        assert!(end(&[0xFE]).is_err());
    }

    #[test]
    fn a_prepared_statement_has_no_more_parameters_than_marks() {
        let head = |columns: u8, parameters: u8| [0, 1, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0];
        assert_eq!(prepared(&head(2, 1), 1), Ok(Prepared { columns: 2, parameters: 1 }));
        assert_eq!(prepared(&head(0, 0), 0), Ok(Prepared { columns: 0, parameters: 0 }));
        assert!(prepared(&head(2, 2), 1).is_err());
        assert!(prepared(&head(2, 1)[..11], 1).is_err());
    }
}
