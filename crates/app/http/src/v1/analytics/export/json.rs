//! One JSON object with a list for each metric, and an object for each line.

use serde_json::Value;

use super::{
    Writer,
    rows::{Cell, Metric},
};

/// `{"history": [{…}, …], "popular": […]}`
#[derive(Default)]
pub(super) struct Json {
    written: Vec<u8>,
    metric: Option<Metric>,
    has_rows: bool,
}

/// `{"metric": "history", …}`, a line for each row.
#[derive(Default)]
pub(super) struct Lines {
    written: Vec<u8>,
    metric: Option<Metric>,
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => text.as_str().into(),
        Cell::Count(count) => (*count).into(),
        Cell::Number(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Nothing => Value::Null,
    }
}

/// The members of a row's object, in the order of its columns.
fn members(metric: Metric, row: &[Cell]) -> String {
    let member = |(name, cell): (&&str, &Cell)| format!("{}:{}", Value::from(*name), value(cell));
    metric.columns().iter().zip(row).map(member).collect::<Vec<_>>().join(",")
}

impl Writer for Json {
    fn begin(&mut self, metric: Metric) {
        let before = if self.metric.is_some() { "]," } else { "{" };
        self.written.extend_from_slice(format!("{before}{}:[", Value::from(metric.name())).as_bytes());
        (self.metric, self.has_rows) = (Some(metric), false);
    }

    fn row(&mut self, row: &[Cell]) {
        let Some(metric) = self.metric else { return };
        let before = if self.has_rows { ",\n" } else { "\n" };
        self.written.extend_from_slice(format!("{before}{{{}}}", members(metric, row)).as_bytes());
        self.has_rows = true;
    }

    fn finish(&mut self) {
        self.written.extend_from_slice(if self.metric.is_some() { b"]}\n" } else { b"{}\n" });
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }
}

impl Writer for Lines {
    fn begin(&mut self, metric: Metric) {
        self.metric = Some(metric);
    }

    fn row(&mut self, row: &[Cell]) {
        let Some(metric) = self.metric else { return };
        let line = format!("{{\"metric\":{},{}}}\n", Value::from(metric.name()), members(metric, row));
        self.written.extend_from_slice(line.as_bytes());
    }

    fn finish(&mut self) {}

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }
}
