//! Names that exist nowhere are mistakes, and are told.

use std::collections::HashMap;

use altus4_connections::{FilterFault, FilterFaultKind};

use crate::{SearchError, SearchQuery, gather::Gathered, plan::KnownNames, question::Question};

/// A name that exists nowhere is a mistake; where a database failed, nobody knows.
pub(super) fn check_names(
    query: &SearchQuery,
    question: &Question,
    gathered: &[Gathered],
) -> Result<(), SearchError> {
    if nobody_knows(gathered) {
        return Ok(());
    }
    let unknown = |asked: Vec<&str>, known: fn(&KnownNames) -> &Vec<String>| -> Option<Vec<String>> {
        let is_known = |name: &str| gathered.iter().any(|g| known(&g.known).iter().any(|k| k == name));
        let names: Vec<_> = asked.into_iter().filter(|name| !is_known(name)).map(str::to_owned).collect();
        (!names.is_empty()).then_some(names)
    };
    if let Some(names) = unknown(query.tables.iter().map(String::as_str).collect(), |k| &k.tables) {
        return Err(SearchError::UnknownTables(names));
    }
    let mut columns: Vec<&str> = query.columns.iter().map(String::as_str).collect();
    columns.extend(question.columns());
    if let Some(names) = unknown(columns, |k| &k.columns) {
        return Err(SearchError::UnknownColumns(names));
    }
    if let Some(names) = unknown(query.fields.iter().map(String::as_str).collect(), |k| &k.fields) {
        return Err(SearchError::UnknownFields(names));
    }
    let sorts = query.sort.iter().map(|by| by.column.as_str()).collect();
    if let Some(names) = unknown(sorts, |k| &k.sorts) {
        return Err(SearchError::UnknownSorts(names));
    }
    match unknown(query.facets.iter().map(String::as_str).collect(), |k| &k.facets) {
        Some(names) => Err(SearchError::UnknownFacets(names)),
        None => Ok(()),
    }
}

/// A filter that fits no table at all, for the same reasons everywhere, is a mistake.
pub(super) fn check_filter(gathered: &[Gathered]) -> Result<(), SearchError> {
    if nobody_knows(gathered) || gathered.iter().any(|database| database.filter_fits) {
        return Ok(());
    }
    let misfits: Vec<&Vec<FilterFault>> = gathered.iter().flat_map(|database| &database.misfits).collect();
    let faults = common(&misfits);
    if faults.is_empty() { Ok(()) } else { Err(SearchError::InvalidFilter(faults)) }
}

fn nobody_knows(gathered: &[Gathered]) -> bool {
    gathered.is_empty() || gathered.iter().any(|database| database.failed)
}

/// The faults at places where every table has one, in the order of the first table. Of several at
/// one place, one that tells more than that the field is unknown.
fn common(misfits: &[&Vec<FilterFault>]) -> Vec<FilterFault> {
    let mut at_place: HashMap<&str, (usize, &FilterFault)> = HashMap::new();
    for faults in misfits {
        for fault in *faults {
            let known = at_place.entry(&fault.place).or_insert((0, fault));
            known.0 += 1;
            if known.1.kind == FilterFaultKind::UnknownField {
                known.1 = fault;
            }
        }
    }
    let places = misfits.first().map(|faults| faults.iter()).into_iter().flatten();
    let everywhere = places.filter_map(|fault| {
        let (tables, fault) = at_place.get(fault.place.as_str())?;
        (*tables >= misfits.len()).then(|| (*fault).clone())
    });
    everywhere.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_table_has_is_a_fault() {
        let fault = |place: &str, kind| FilterFault { place: place.into(), reason: "x".into(), kind };
        let unknown = |place| fault(place, FilterFaultKind::UnknownField);
        let one = vec![unknown("colour"), unknown("price")];
        let other = vec![unknown("colour"), fault("size", FilterFaultKind::WrongKind)];
        assert_eq!(common(&[&one, &other]), [unknown("colour")]);
        let wrong = vec![fault("price", FilterFaultKind::WrongKind)];
        assert_eq!(common(&[&vec![unknown("price")], &wrong]), wrong);
        assert!(common(&[]).is_empty());
    }
}
