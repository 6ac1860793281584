//! The analysis of searches, and what answers suggest instead.

use altus4_kernel::{
    Credential, Granted, Permission, PermissionSet, Plan, Principal, Role, SessionId, grants::Analytics,
    uuid::Uuid,
};
use altus4_search::{SearchAnalysis, SearchError, SearchQuery, WordMatching};
use futures::executor::block_on;

use crate::{
    OWNER,
    bench::{account, id, query},
    words::{over, rows},
    world::{World, articles, boolean, world},
};

fn analytics(owner: u128) -> Granted<Analytics> {
    let credential = Credential::Session { id: SessionId::from_uuid(Uuid::nil()) };
    let permissions = PermissionSet::of(&[Permission::Analytics]);
    Principal { account_id: account(owner), role: Role::User, tier: Plan::Free, permissions, credential }
        .require()
        .unwrap()
}

fn analyzed(world: &World, query: SearchQuery) -> SearchAnalysis {
    block_on(world.service.analyze(analytics(OWNER), query)).unwrap()
}

fn suggested(world: &World, query: SearchQuery) -> Vec<String> {
    let suggestions = world.search(query).unwrap().suggestions;
    assert!(suggestions.iter().all(|one| one.score > 0.0 && one.score < 1.0), "{suggestions:?}");
    suggestions.into_iter().map(|one| one.text).collect()
}

#[test]
fn every_table_is_explained_and_nothing_is_noted_as_a_search() {
    let world = world(vec![vec![articles(rows(&["Router"]))], vec![articles(rows(&["Lamp", "Router"]))]]);
    let analysis = analyzed(&world, query("router"));
    let told: Vec<_> = analysis
        .databases
        .iter()
        .map(|database| (database.connection_id, database.tables[0].explained.rows_examined))
        .collect();
    assert_eq!(told, [(id(1), Some(1)), (id(2), Some(2))]);
    assert!(analysis.failures.is_empty());
    assert!(world.notes.0.lock().unwrap().is_empty());
}

#[test]
fn how_the_query_is_read_is_told() {
    let world = over(&["Resetting the router", "Reset of lamps", "Lamps"]);
    let parsed = analyzed(&world, query("the rotuer reset")).parsed;
    assert_eq!((parsed.tree.as_str(), parsed.left_out), ("rotuer OR reset", vec!["the".to_owned()]));
    assert_eq!(parsed.words[0].meant, ["router"]);
    assert!(parsed.words[1].forms.contains(&"resetting".to_owned()), "{:?}", parsed.words);
    assert_eq!(parsed.words[1].rows, Some((2, 3)));
    let parsed = analyzed(&world, query("\"reset of\" lamps")).parsed;
    assert_eq!(parsed.tree, "\"reset of\"");
    let most = SearchQuery { matching: WordMatching::Most, ..query("reset lamps router") };
    assert_eq!(analyzed(&world, most).parsed.tree, "AT LEAST 2 OF (reset, lamps, router)");
    let parsed = analyzed(&world, boolean("lamps -(router OR rese*)")).parsed;
    assert_eq!(parsed.tree, "lamps AND NOT (router OR rese*)");
}

#[test]
fn tables_that_there_are_not_are_faults_as_in_a_search() {
    let query = SearchQuery { tables: vec!["nothing".to_owned()], ..query("router") };
    let refused = block_on(over(&["Router"]).service.analyze(analytics(OWNER), query));
    assert!(matches!(refused, Err(SearchError::UnknownTables(names)) if names == ["nothing"]));
}

#[test]
fn what_was_probably_meant_is_suggested_with_the_rest_as_it_was_typed() {
    let world = over(&["Resetting the router", "Colours of lamps"]);
    assert_eq!(suggested(&world, query("Lamps & Colurs")), ["Lamps & colours"]);
    assert!(suggested(&world, query("lamps colours")).is_empty());
    assert!(suggested(&world, query("zeppelin")).is_empty());
    let strict = SearchQuery { typo_tolerance: false, ..query("rotuer") };
    assert_eq!(suggested(&world, strict), ["router"]);
    assert_eq!(suggested(&world, boolean("rotuer AND resetting")), ["router AND resetting"]);
    // Something was found as it was typed.
    let strict = SearchQuery { typo_tolerance: false, ..query("rotuer lamps") };
    assert!(suggested(&world, strict).is_empty());
}
