//! Filters as query strings write them: `filter[status]=todo&filter[dueDate][gte]=2026-01-01`.

use serde_json::{Map, Value as Json, map::Entry};

use super::read::Reader;
use crate::{FilterFault, FilterFaultKind, FilterQuery};

/// Names in brackets: for each level of nesting `or` and a number, then a field, an operator and `[]`.
const MAX_NAMES: usize = 2 * FilterQuery::MAX_DEPTH + 3;

impl FilterQuery {
    /// The filter in the parameters of a query string, decoded: of each, what stands after `filter` in
    /// its name (`[dueDate][gte]`), and its value. The values of `in`, `nin` and `between` are repeated
    /// or separated by commas; the items of `and` and `or` are numbered (`[or][0][status]`), in the
    /// order in which they first come. What a value is, its column tells.
    ///
    /// # Errors
    /// Every fault, unless there are more than a few dozen.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<FilterFault>> {
        let mut root = Json::Object(Map::new());
        let mut faults = Vec::new();
        for (count, (brackets, value)) in pairs.into_iter().enumerate() {
            if count > Self::MAX_CONDITIONS + Self::MAX_VALUES {
                faults.push(FilterFault::new("", FilterFaultKind::TooMany, "has too many parameters"));
                break;
            }
            if let Err(fault) = names(brackets).and_then(|names| put(&mut root, &names, value)) {
                faults.push(fault);
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Reader::of_text().filter(&numbered_to_lists(root))
    }
}

/// The names in `[or][0][status]`.
fn names(brackets: &str) -> Result<Vec<&str>, FilterFault> {
    let place: String = brackets.chars().take(64).collect();
    let fault = |kind, reason: &str| FilterFault::new(&place, kind, reason);
    let inner = brackets.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner else {
        return Err(fault(FilterFaultKind::WrongKind, "must be written as filter[field][operator]"));
    };
    let mut names: Vec<&str> = inner.split("][").take(MAX_NAMES + 1).collect();
    if names.len() > MAX_NAMES {
        return Err(fault(FilterFaultKind::TooDeep, "is nested too deep"));
    }
    // `[in][]` says that the parameter is repeated, which shows anyway.
    if names.len() > 1 && names.last().is_some_and(|name| name.is_empty()) {
        names.pop();
    }
    if names.iter().any(|name| name.is_empty()) {
        return Err(fault(FilterFaultKind::UnknownField, "must name a field"));
    }
    Ok(names)
}

fn put(root: &mut Json, names: &[&str], value: &str) -> Result<(), FilterFault> {
    let clash = || {
        let reason = "is given both a value and operators";
        FilterFault::new(&names.join("."), FilterFaultKind::WrongKind, reason)
    };
    let Some((last, groups)) = names.split_last() else { return Ok(()) };
    let mut at = root;
    for name in groups {
        let Json::Object(members) = at else { return Err(clash()) };
        at = members.entry(*name).or_insert_with(|| Json::Object(Map::new()));
    }
    let Json::Object(members) = at else { return Err(clash()) };
    match members.entry(*last) {
        Entry::Vacant(place) => {
            place.insert(Json::from(value));
        }
        Entry::Occupied(mut place) => match place.get_mut() {
            Json::Array(values) => values.push(Json::from(value)),
            first @ Json::String(_) => *first = Json::Array(vec![first.take(), Json::from(value)]),
            _ => return Err(clash()),
        },
    }
    Ok(())
}

/// `and` and `or` with numbered members, as arrays. No deeper than [`MAX_NAMES`].
fn numbered_to_lists(json: Json) -> Json {
    let Json::Object(members) = json else { return json };
    let members = members.into_iter().map(|(name, value)| {
        let value = match (name.as_str(), numbered_to_lists(value)) {
            ("and" | "or", Json::Object(items)) => {
                let mut items: Vec<_> = items.into_iter().collect();
                items.sort_by_key(|(number, _)| number.parse().unwrap_or(u64::MAX));
                Json::Array(items.into_iter().map(|(_, item)| item).collect())
            }
            (_, value) => value,
        };
        (name, value)
    });
    Json::Object(members.collect())
}
