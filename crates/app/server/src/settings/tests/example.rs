//! What `.env.example` shows.

use super::*;

/// The `#NAME=value` lines of `.env.example`.
fn example() -> Vec<(&'static str, &'static str)> {
    let lines = ENV_EXAMPLE.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    lines
        .filter(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
        .collect()
}

#[test]
fn the_example_lists_every_variable_and_no_other() {
    let mut listed: Vec<_> = example().into_iter().map(|(name, _)| name.to_owned()).collect();
    let mut known: Vec<_> = ALL
        .iter()
        .flat_map(|variable| [Some(variable.name.to_owned()), variable.file_name()])
        .flatten()
        .collect();
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
}

#[test]
fn the_example_shows_the_defaults() {
    let defaults = read(&[]).unwrap();
    for (name, value) in example() {
        let variable = ALL.iter().find(|variable| variable.name == name);
        let default = variable.and_then(|variable| variable.default).unwrap_or_default();
        let derived = if name == "DATABASE_URL" { defaults.store.url().expose_secret() } else { default };
        assert_eq!(value, derived, "{name}");
    }
    let taken = read(&example()).unwrap();
    let shown = |settings: &Settings| format!("{settings:?}");
    assert_eq!(shown(&taken), shown(&defaults), "taking the example as it stands changes nothing");
}
