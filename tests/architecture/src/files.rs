//! What every source file must look like.

use crate::workspace::{Workspace, assert_none};

const LINES_AT_MOST: usize = 400;

/// The only place that takes the process's environment; the settings are read from what it took.
const ENVIRONMENT_READER: &str = "crates/app/server/src/main.rs";

/// Where the product is; tests and benchmarks start it as their environment says.
const PRODUCT: [&str; 2] = ["crates/", "migrations/"];
const SOURCES: &str = "/src/";

#[test]
fn every_file_begins_with_what_it_is_for() {
    let workspace = Workspace::get();
    let is_silent = |file: &String| !workspace.read(file).starts_with("//! ");
    assert_none("files that do not begin with `//! `", &files_that(is_silent));
}

#[test]
fn files_stay_short() {
    let workspace = Workspace::get();
    let offenders: Vec<String> = workspace
        .rust_files()
        .into_iter()
        .map(|file| (workspace.read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_AT_MOST)
        .map(|(lines, file)| format!("{file}: {lines}"))
        .collect();
    assert_none("files over 400 lines, to be split by concept", &offenders);
}

#[test]
fn modules_are_files_beside_their_folders() {
    let is_mod = |file: &String| file.ends_with("/mod.rs");
    assert_none("`mod.rs` is written `foo.rs` beside `foo/`", &files_that(is_mod));
}

#[test]
fn the_product_takes_its_environment_in_one_place() {
    let workspace = Workspace::get();
    let takes_environment = |file: &String| {
        let is_product = PRODUCT.iter().any(|folder| file.starts_with(folder)) && file.contains(SOURCES);
        is_product && names_environment(&workspace.read(file))
    };
    let found = files_that(takes_environment);
    assert_eq!(found, [ENVIRONMENT_READER], "files of the product that name std's `env`");
}

/// Whether code, comments aside, names something in a module `env`. The macro `env!` is resolved by
/// the compiler and is not meant.
fn names_environment(source: &str) -> bool {
    let module = concat!("env", "::");
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_whole_word = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    code.flat_map(|line| line.match_indices(module).map(|(at, _)| &line[..at])).any(is_whole_word)
}

#[test]
fn the_environment_is_recognised() {
    let module = concat!("env", "::");
    assert!(names_environment(&format!("let home = {module}var(\"HOME\");")));
    assert!(names_environment(&format!("use std::{module}{{args, var}};")));
    assert!(!names_environment(&format!("// {module}var\nlet x = dot{module}load(env!(\"HOME\"));")));
}

fn files_that(offend: impl Fn(&String) -> bool) -> Vec<String> {
    let files = Workspace::get().rust_files();
    assert!(!files.is_empty(), "no source file was found");
    files.into_iter().filter(offend).collect()
}
