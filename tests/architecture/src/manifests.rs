//! What every manifest must say, and what only the root's may.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::workspace::{Workspace, assert_none, manifest};

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn every_member_takes_the_lints_of_the_workspace() {
    let takes_lints = |manifest: &Table| {
        manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    let members = Workspace::get().members();
    let offenders = members.iter().filter(|member| !takes_lints(&manifest(member)));
    let offenders: Vec<String> = offenders.map(|member| member.name.to_string()).collect();
    assert_none("members without `[lints] workspace = true`", &offenders);
}

/// Heavy crates would be built again for each set of features that a selection of packages gives.
#[test]
fn versions_and_features_of_external_crates_stand_in_the_root_manifest() {
    let mut offenders = Vec::new();
    for member in Workspace::get().members() {
        for (name, value) in dependencies(&manifest(member)) {
            let is_ours = Workspace::get().is_member(&name);
            offenders.extend(fault(&value, is_ours).map(|fault| format!("{}: {name} {fault}", member.name)));
        }
    }
    assert_none("dependencies that say more than `workspace = true`", &offenders);
}

#[test]
fn the_root_manifest_lists_nothing_that_nobody_uses() {
    let workspace = Workspace::get();
    let used: BTreeSet<String> = workspace
        .members()
        .iter()
        .flat_map(|member| dependencies(&manifest(member)))
        .map(|(name, _)| name)
        .collect();
    let root: Table = workspace.read("Cargo.toml").parse().expect("cargo parsed this manifest too");
    let listed = root["workspace"]["dependencies"].as_table().expect("a table of dependencies");
    let offenders: Vec<String> = listed.keys().filter(|name| !used.contains(*name)).cloned().collect();
    assert_none("dependencies of the workspace that no member has", &offenders);
}

fn fault(dependency: &Value, is_ours: bool) -> Option<String> {
    let Some(table) = dependency.as_table() else { return Some(format!("is {dependency}")) };
    if table.get("workspace").and_then(Value::as_bool) != Some(true) {
        return Some("is not the workspace's".to_owned());
    }
    let mut own_keys = table.keys().filter(|key| !matches!(key.as_str(), "workspace" | "optional"));
    own_keys.find(|key| !(is_ours && *key == "features")).map(|key| format!("declares `{key}`"))
}

/// The dependencies of all kinds and all platforms.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = platforms.chain([manifest]).flat_map(|table| {
        DEPENDENCY_TABLES.iter().filter_map(|&name| table.get(name).and_then(Value::as_table))
    });
    tables.flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}
