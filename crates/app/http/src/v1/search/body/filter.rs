//! Reads what rows have to hold beside the words.

use altus4_connections::{DateRange, FilterFault, FilterQuery};
use serde_json::Value;

use crate::{
    error::{Code, filter_fault},
    extract::{Fields, parse_json},
};

/// The filter, as JSON or in the brackets of a query string; `None` where it asks for nothing, or is
/// at fault.
pub(crate) fn filter(fields: &mut Fields) -> Option<FilterQuery> {
    let found = fields.coded(Code::InvalidFilter, |fields| {
        let bracketed = if fields.is_query() { fields.bracketed("filter") } else { Vec::new() };
        let json = fields.take("filter");
        if bracketed.is_empty() {
            let json = json?;
            let json = if fields.is_query() { unfolded(fields, &json)? } else { json };
            note(fields, FilterQuery::from_json(&json))
        } else if json.is_some() {
            fields.fault("filter", "must be either JSON or in brackets");
            None
        } else {
            let pairs = bracketed.iter().map(|(brackets, value)| (brackets.as_str(), value.as_str()));
            note(fields, FilterQuery::from_pairs(pairs))
        }
    });
    found.filter(|filter| !filter.is_empty())
}

/// The JSON in a parameter.
fn unfolded(fields: &mut Fields, parameter: &Value) -> Option<Value> {
    let Some(text) = parameter.as_str() else {
        fields.fault("filter", "is given more than once");
        return None;
    };
    match parse_json(text.as_bytes()) {
        Ok(json) => Some(json),
        Err(error) => {
            fields.fault("filter", format!("is no JSON from character {} on", error.column()));
            None
        }
    }
}

fn note(fields: &mut Fields, filter: Result<FilterQuery, Vec<FilterFault>>) -> Option<FilterQuery> {
    let faults = match filter {
        Ok(filter) => return Some(filter),
        Err(faults) => faults,
    };
    for fault in &faults {
        let fault = filter_fault(fault);
        fields.fault(&fault.field, fault.reason);
    }
    None
}

/// The older spelling of a condition on when rows came to be.
pub(super) fn date_range(fields: &mut Fields) -> Option<DateRange> {
    const DATE: &str = "must be a date, or a date and time, as ISO 8601 has it";
    fields.object("dateRange", |range| {
        range.also_called("from", "start");
        range.also_called("to", "end");
        let is_date = |text: &str| DateRange::new(Some(text), None).map(|_| text.to_owned());
        let [from, to] = ["from", "to"].map(|name| range.parsed(name, DATE, is_date));
        let is_asked = from.is_some() || to.is_some();
        is_asked.then(|| DateRange::new(from.as_deref(), to.as_deref())).flatten()
    })?
}
