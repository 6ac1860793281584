//! A workbook with a sheet for each metric (ECMA-376, `SpreadsheetML`), its texts inline.

use super::{
    Writer,
    rows::{Cell, Metric, harmless},
    zip::Zip,
};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const KINDS: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// The most rows of a sheet; those beyond are left out, and the last row says so.
const MAX_ROWS: u32 = 1_048_576;
/// The most characters of a cell.
const MAX_CHARS: usize = 32_767;

/// Writes it.
#[derive(Default)]
pub(super) struct Sheets {
    zip: Zip,
    begun: Vec<Metric>,
    rows: u32,
}

fn file(metric: Metric) -> &'static str {
    match metric {
        Metric::History => "xl/worksheets/history.xml",
        Metric::Popular => "xl/worksheets/popular.xml",
        Metric::Performance => "xl/worksheets/performance.xml",
        Metric::Usage => "xl/worksheets/usage.xml",
    }
}

/// Text within an element: without what XML 1.0 can't hold, cut to what a cell holds.
fn text(text: &str, to: &mut String) {
    to.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    for character in text.chars().take(MAX_CHARS) {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '\t' | '\n' => to.push(character),
            '\r' => to.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control < ' ' => {}
            other => to.push(other),
        }
    }
    to.push_str("</t></is></c>");
}

impl Sheets {
    fn end_sheet(&mut self) {
        if !self.begun.is_empty() {
            self.zip.write(b"</sheetData></worksheet>");
        }
    }

    fn part(&mut self, name: &'static str, content: &str) {
        self.zip.begin(name);
        self.zip.write(format!("{HEAD}{content}").as_bytes());
    }

    fn line(&mut self, cells: &[Cell]) {
        let mut line = String::from("<row>");
        for cell in cells {
            match cell {
                Cell::Text(value) => text(&harmless(value), &mut line),
                Cell::Count(count) => line.extend(["<c><v>", &count.to_string(), "</v></c>"]),
                Cell::Number(number) => line.extend(["<c><v>", &number.to_string(), "</v></c>"]),
                Cell::Flag(flag) => {
                    line.push_str(if *flag { "<c t=\"b\"><v>1</v></c>" } else { "<c t=\"b\"><v>0</v></c>" });
                }
                Cell::Nothing => line.push_str("<c/>"),
            }
        }
        line.push_str("</row>");
        self.zip.write(line.as_bytes());
        self.rows += 1;
    }
}

impl Writer for Sheets {
    fn begin(&mut self, metric: Metric) {
        self.end_sheet();
        self.begun.push(metric);
        self.part(file(metric), &format!("<worksheet xmlns=\"{MAIN}\"><sheetData>"));
        self.rows = 0;
        let columns: Vec<_> =
            metric.columns().iter().map(|column| Cell::Text((*column).to_owned())).collect();
        self.line(&columns);
    }

    fn row(&mut self, row: &[Cell]) {
        match self.rows + 1 {
            MAX_ROWS => self.line(&[Cell::Text("There is more than a sheet holds".to_owned())]),
            full if full > MAX_ROWS => {}
            _ => self.line(row),
        }
    }

    fn finish(&mut self) {
        self.end_sheet();
        let begun: Vec<_> = (1..).zip(&self.begun).map(|(number, metric)| (number, *metric)).collect();
        let each = |part: &dyn Fn(i32, Metric) -> String| -> String {
            begun.iter().map(|(number, metric)| part(*number, *metric)).collect()
        };
        let overrides = each(&|_, metric| {
            let path = file(metric);
            format!("<Override PartName=\"/{path}\" ContentType=\"{KINDS}.worksheet+xml\"/>")
        });
        let sheets = each(&|number, metric| {
            let name = metric.name();
            format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"r{number}\"/>")
        });
        let relations = each(&|number, metric| {
            let name = metric.name();
            format!(
                "<Relationship Id=\"r{number}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/{name}.xml\"/>"
            )
        });
        self.part(
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>{sheets}</sheets></workbook>"
            ),
        );
        self.part(
            "xl/_rels/workbook.xml.rels",
            &format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{relations}</Relationships>"),
        );
        self.part(
            "_rels/.rels",
            &format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" \
                 Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        );
        self.part(
            "[Content_Types].xml",
            &format!(
                "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{KINDS}.sheet.main+xml\"/>{overrides}</Types>"
            ),
        );
        self.zip.finish();
    }

    fn take(&mut self) -> Vec<u8> {
        self.zip.take()
    }
}
