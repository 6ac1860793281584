//! What the operator may not think: variables that are set and have no effect, since they are not served
//! yet or misspelt, and calls that cost money and are counted as free.

use std::fmt;

use altus4_api_keys::AiPrices;

use super::{
    ai::ProviderSettings,
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
    /// A model of the AI provider that has no price.
    NoPrice(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(name) => write!(f, "{name} is set, and this version ignores it"),
            Self::NoPrice(model) => {
                write!(f, "the AI model {model} has no price in ALTUS4_AI_PRICES: its calls count as free")
            }
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

/// The models that are used without a price.
pub(super) fn of_prices(provider: Option<&ProviderSettings>, prices: &AiPrices) -> Vec<Notice> {
    let models = provider.into_iter().flat_map(ProviderSettings::models);
    models.filter(|model| !prices.knows(model)).map(|model| Notice::NoPrice(model.to_owned())).collect()
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
