//! Variables that are set and have no effect: not served yet, or misspelt.

use std::fmt;

use super::{
    environment::Environment,
    variable::{ALL, NOT_YET},
};

/// Something to be told at start that is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A documented variable that this version doesn't read.
    NotYet(String),
    /// A variable of ours by its name, which nobody reads, and the nearest that is read.
    Unknown { name: String, nearest: Option<String> },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(name) => write!(f, "{name} is set, and this version ignores it"),
            Self::Unknown { name, nearest: None } => write!(f, "{name} is set, and is no setting"),
            Self::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "{name} is set, and is no setting; did you mean {nearest}?")
            }
        }
    }
}

/// How many letters a name may differ in to be taken for another.
const NEAR: usize = 5;

/// What there is to tell about the names of the variables that are set.
pub(crate) fn of(environment: &Environment) -> Vec<Notice> {
    let known: Vec<String> = ALL
        .iter()
        .flat_map(|variable| [Some(variable.name.to_owned()), variable.file_name()])
        .flatten()
        .collect();
    environment
        .names()
        .filter_map(|name| {
            if NOT_YET.contains(&name.trim_end_matches("_FILE")) {
                return Some(Notice::NotYet(name.to_owned()));
            }
            let unknown = name.starts_with("ALTUS4_") && !known.iter().any(|known| known == name);
            unknown.then(|| Notice::Unknown { name: name.to_owned(), nearest: nearest(name, &known) })
        })
        .collect()
}

fn nearest(name: &str, known: &[String]) -> Option<String> {
    let near = known.iter().map(|known| (distance(name, known), known)).min()?;
    (near.0 <= NEAR).then(|| near.1.clone())
}

/// The Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, other) in right.bytes().enumerate() {
            let changed = corner + usize::from(letter != other);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
