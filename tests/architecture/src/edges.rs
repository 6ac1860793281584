//! Which of our crates may know which: the whole table, compared for equality.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, Package};

use crate::workspace::{Workspace, assert_none, assert_same};

/// Each crate and the crates of ours that it knows, without the prefix `altus4-`.
const EDGES: &[(&str, &[&str])] = &[
    // The domain: the kernel is known to all; search and entities alone know a sibling.
    ("kernel", &[]),
    ("users", &["kernel"]),
    ("api-keys", &["kernel"]),
    ("connections", &["kernel"]),
    ("search", &["kernel", "connections"]),
    ("analytics", &["kernel"]),
    ("entities", &["kernel", "connections"]),
    // The adapters: the domains whose ports they implement, never each other.
    (
        "store-sql",
        &["kernel", "users", "api-keys", "connections", "search", "analytics", "entities", "migrations"],
    ),
    ("datasource-mysql", &["kernel", "connections", "search", "entities"]),
    ("datasource-sqlite", &["kernel", "connections", "search", "entities"]),
    ("cache-memory", &["kernel", "users", "api-keys", "search"]),
    ("cache-redis", &["kernel", "users", "api-keys"]),
    ("crypto", &["kernel", "users", "api-keys"]),
    ("vector-hnsw", &["kernel", "search"]),
    ("ai-openai", &["kernel", "search", "outbound"]),
    ("ai-local", &["kernel", "search", "outbound"]),
    ("vector-qdrant", &["kernel", "search", "outbound"]),
    // What those share that call services over HTTP; it knows no port.
    ("outbound", &[]),
    ("migrations", &[]),
    // The app: http knows the domain alone; the server composes, and nobody knows either of them
    // but the server http.
    ("http", &["kernel", "users", "api-keys", "connections", "search", "analytics", "entities"]),
    (
        "server",
        &[
            "kernel",
            "users",
            "api-keys",
            "connections",
            "search",
            "analytics",
            "entities",
            "store-sql",
            "datasource-mysql",
            "datasource-sqlite",
            "cache-memory",
            "cache-redis",
            "crypto",
            "ai-local",
            "ai-openai",
            "vector-hnsw",
            "vector-qdrant",
            "http",
        ],
    ),
    // The tests.
    ("test-support", &[]),
    ("architecture-tests", &[]),
];

/// What a crate may switch on in one it knows already, for its tests.
const TEST_FEATURES: [&str; 2] = ["mock", "testkit"];

/// A crate that tests may know besides.
const TEST_SUPPORT: &str = "test-support";

/// What no crate of the domain may reach, however many crates lie between: a name, or the beginning
/// of a family's names.
const RUNTIMES_AND_VENDORS: [&str; 16] = [
    "actix",
    "argon2",
    "async-std",
    "axum",
    "deadpool",
    "hyper",
    "jsonwebtoken",
    "moka",
    "mysql",
    "redis",
    "reqwest",
    "rustls",
    "sea",
    "smol",
    "sqlx",
    "tokio",
];

#[test]
fn crates_know_exactly_whom_the_table_says() {
    let written =
        EDGES.iter().flat_map(|(from, known)| known.iter().map(move |to| format!("{from} -> {to}")));
    let found = Workspace::get().members().into_iter().flat_map(|member| {
        own_dependencies(member)
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| format!("{} -> {}", short(&member.name), short(&dependency.name)))
    });
    assert_same("EDGES", &written.collect(), &found.collect());
}

#[test]
fn every_crate_is_in_the_table() {
    let written = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = Workspace::get().members().iter().map(|member| short(&member.name).to_owned()).collect();
    assert_same("EDGES", &written, &found);
}

#[test]
fn tests_add_no_edge_but_to_test_support() {
    let mut offenders = Vec::new();
    for member in Workspace::get().members() {
        let known: BTreeSet<&str> = EDGES
            .iter()
            .filter(|(name, _)| *name == short(&member.name))
            .flat_map(|(name, known)| known.iter().copied().chain([*name, TEST_SUPPORT]))
            .collect();
        offenders.extend(
            own_dependencies(member)
                .filter(|dependency| dependency.kind == DependencyKind::Development)
                .filter(|dependency| !known.contains(short(&dependency.name)))
                .map(|dependency| format!("{} -> {}", short(&member.name), short(&dependency.name))),
        );
    }
    assert_none("dev-dependencies on crates of ours that the crate does not know", &offenders);
}

#[test]
fn mocks_and_fakes_are_switched_on_by_tests_alone() {
    let mut offenders = Vec::new();
    for member in Workspace::get().members() {
        for dependency in own_dependencies(member) {
            let is_for_tests = dependency.kind == DependencyKind::Development;
            let wrong = |feature: &&String| !(is_for_tests && TEST_FEATURES.contains(&feature.as_str()));
            let features = dependency.features.iter().filter(wrong);
            offenders
                .extend(features.map(|feature| format!("{} -> {}/{feature}", member.name, dependency.name)));
        }
    }
    assert_none("features of our own crates, which are for dev-dependencies", &offenders);
}

#[test]
fn packages_are_named_after_their_folders() {
    let mut offenders = Vec::new();
    for member in Workspace::get().members_in("crates") {
        let folder = member.manifest_path.parent().and_then(|folder| folder.file_name());
        if folder != Some(short(&member.name)) {
            offenders.push(format!("{} in {}", member.name, member.manifest_path));
        }
    }
    assert_none("packages under crates/ are altus4-<folder>", &offenders);
}

#[test]
fn the_domain_reaches_no_runtime_and_no_vendor() {
    let workspace = Workspace::get();
    let domain = workspace.members_in("crates/domain");
    assert!(!domain.is_empty(), "no crate was found under crates/domain");
    let offenders = forbidden_paths(&workspace.normal_dependencies(&domain));
    assert_none("crates/domain reaches a runtime or a vendor", &offenders);
}

#[test]
fn a_forbidden_package_is_found_at_any_depth() {
    let tree = "0altus4-kernel v0.1.0\n1time v0.3.1\n1uuid v1.0.0\n2tokio-util v0.7.0\n2sealed v0.1.0\n";
    assert_eq!(forbidden_paths(tree), ["altus4-kernel -> uuid -> tokio-util"]);
}

/// The path to each forbidden package of a [`Workspace::normal_dependencies`].
fn forbidden_paths(tree: &str) -> Vec<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut forbidden = Vec::new();
    // Cargo leaves a blank line between the trees of two crates.
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let after_depth = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth: usize =
            line[..line.len() - after_depth.len()].parse().expect("a line begins with its depth");
        let name = after_depth.split(' ').next().expect("a line has a name");
        path.truncate(depth);
        path.push(name);
        if is_runtime_or_vendor(name) {
            forbidden.push(path.join(" -> "));
        }
    }
    forbidden
}

fn is_runtime_or_vendor(name: &str) -> bool {
    RUNTIMES_AND_VENDORS.iter().any(|family| {
        name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    })
}

fn own_dependencies(member: &Package) -> impl Iterator<Item = &Dependency> {
    member.dependencies.iter().filter(|dependency| Workspace::get().is_member(&dependency.name))
}

fn short(name: &str) -> &str {
    name.strip_prefix("altus4-").unwrap_or(name)
}
