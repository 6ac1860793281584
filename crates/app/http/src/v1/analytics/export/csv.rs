//! Comma-separated values (RFC 4180), in UTF-8.

use super::{
    Writer,
    rows::{Cell, Metric, harmless},
};

/// Writes them.
#[derive(Default)]
pub(super) struct Csv(Vec<u8>);

impl Csv {
    fn line<'a>(&mut self, cells: impl Iterator<Item = std::borrow::Cow<'a, str>>) {
        for (place, cell) in cells.enumerate() {
            if place > 0 {
                self.0.push(b',');
            }
            if cell.contains(['"', ',', '\n', '\r']) {
                self.0.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
            } else {
                self.0.extend_from_slice(cell.as_bytes());
            }
        }
        self.0.extend_from_slice(b"\r\n");
    }
}

impl Writer for Csv {
    fn begin(&mut self, metric: Metric) {
        self.line(metric.columns().iter().map(|column| (*column).into()));
    }

    fn row(&mut self, row: &[Cell]) {
        self.line(row.iter().map(|cell| match cell {
            Cell::Text(text) => harmless(text),
            Cell::Count(count) => count.to_string().into(),
            Cell::Number(number) => number.to_string().into(),
            Cell::Flag(flag) => flag.to_string().into(),
            Cell::Nothing => "".into(),
        }));
    }

    fn finish(&mut self) {}

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let mut csv = Csv::default();
        let texts = ["plain", "a,b", "say \"x\"", "two\nlines", "=1+1", "-5", "@x", "+x", "\tx"];
        csv.row(&texts.map(|text| Cell::Text(text.into())));
        csv.row(&[Cell::Count(3), Cell::Number(-0.5), Cell::Flag(true), Cell::Nothing]);
        let written = String::from_utf8(csv.take()).unwrap();
        let first = "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",'=1+1,'-5,'@x,'+x,'\tx\r\n";
        assert_eq!(written, format!("{first}3,-0.5,true,\r\n"));
    }
}
