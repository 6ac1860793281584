//! The use cases over rows in memory.

mod world;

use altus4_kernel::testkit::block_on;
use serde_json::{Value as Json, json};

use self::world::{World, shown};
use crate::{EntityError, Expected, FieldCase, ListQuery, Operation, Paging, ReadQuery, Version};

fn list(query: &Json) -> ListQuery {
    world::list(query)
}

#[test]
fn relations_have_the_names_that_people_would_give_them() {
    let world = World::new();
    let names = |entity: &str| {
        let described = block_on(world.service.describe(world.read(), entity)).expect("an entity");
        let view = described.view().expect("a view");
        let relation = |relation: &crate::RelationView| {
            let to = described.name_at(relation.to).expect("an entity");
            format!("{} {} {} {}", relation.name, relation.kind.as_str(), to, relation.foreign_key.join(","))
        };
        view.relations.iter().map(relation).collect::<Vec<_>>().join("\n")
    };
    let all =
        ["films", "languages", "actors", "film_actors"].map(|entity| format!("{entity}\n{}", names(entity)));
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_list_is_gone_through_by_cursor_once_and_in_order() {
    let world = World::new();
    for sort in ["", "title", "-title", "languageId", "-originalLanguageId,title"] {
        let whole = block_on(world.service.records(
            world.read(),
            "films",
            &list(&json!({ "sort": sort, "limit": 100 })),
        ));
        let whole = shown(&whole.expect("records").records);
        let (mut parts, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = list(&json!({ "sort": sort, "limit": 3, "cursor": cursor }));
            let part = block_on(world.service.records(world.read(), "films", &query)).expect("a part");
            parts.extend(shown(&part.records));
            assert_eq!(part.has_next, part.next_cursor.is_some());
            match part.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(parts, whole, "{sort}");
    }
}

#[test]
fn a_cursor_is_good_for_its_own_list_alone() {
    let world = World::new();
    let query = list(&json!({ "sort": "title", "limit": 3, "cursor": "" }));
    let part = block_on(world.service.records(world.read(), "films", &query)).expect("a part");
    let cursor = part.next_cursor.expect("a cursor");
    for other in [
        json!({ "sort": "-title", "limit": 3, "cursor": cursor }),
        json!({ "sort": "title", "limit": 3, "cursor": cursor, "filter": { "id": 1 } }),
        json!({ "sort": "title", "limit": 3, "cursor": format!("{cursor}0") }),
        json!({ "sort": "title", "limit": 3, "cursor": "made up" }),
    ] {
        let refused = block_on(world.service.records(world.read(), "films", &list(&other)));
        assert!(matches!(refused, Err(EntityError::InvalidQuery(_))), "{other}");
    }
    let again = Paging::Cursor { cursor, limit: 2 };
    let query = ListQuery { paging: again, ..query };
    assert_eq!(
        block_on(world.service.records(world.read(), "films", &query)).expect("a part").records.len(),
        2
    );
}

#[test]
fn an_include_is_one_statement_for_each_relation_and_level() {
    let world = World::new();
    let include = |names: &str| {
        let before = world.records.statements();
        let query = list(&json!({ "limit": 100, "include": names, "count": "none" }));
        let records = block_on(world.service.records(world.read(), "films", &query)).expect("records");
        (world.records.statements() - before, shown(&records.records))
    };
    assert_eq!(include("").0, 1);
    assert_eq!(include("language").0, 2);
    assert_eq!(include("language.filmsByLanguage,actors.films").0, 5);
    let (_, films) = include("language,originalLanguage,actors");
    assert_eq!(films[0]["language"]["name"], "English");
    assert_eq!(films[0]["originalLanguage"], Json::Null);
    let names: Vec<_> =
        films[1]["actors"].as_array().expect("actors").iter().map(|a| a["name"].clone()).collect();
    assert_eq!(names, ["Ada", "Bo"]);
}

#[test]
fn filters_go_over_relations() {
    let world = World::new();
    for (filter, expected) in [
        (json!({ "language.name": "English" }), vec![1, 3, 5, 7, 9]),
        (json!({ "actors.name": "Ada", "title": { "startsWith": "Film 1" } }), vec![1]),
        (json!({ "originalLanguage.name": { "isNull": false } }), vec![2, 4, 6, 8]),
        (json!({ "not": { "actors.name": { "in": ["Ada", "Bo"] } } }), vec![3, 4, 5, 6, 7, 8, 9]),
        (json!({ "actors.films.title": "Film 2" }), vec![1, 2]),
    ] {
        let query = list(&json!({ "limit": 100, "filter": filter }));
        let found = block_on(world.service.records(world.read(), "films", &query)).expect("records");
        let ids: Vec<_> =
            shown(&found.records).iter().map(|film| film["id"].as_i64().expect("an id")).collect();
        assert_eq!(ids, expected, "{filter}");
    }
}

#[test]
fn every_fault_of_a_query_is_told() {
    let world = World::new();
    let query = list(&json!({ "fields": "id,nope", "include": "nope,language.nope", "sort": "-nope,_score",
        "filter": { "nope": 1, "language.nope": 2, "id": "x" } }));
    let Err(EntityError::InvalidQuery(faults)) =
        block_on(world.service.records(world.read(), "films", &query))
    else {
        panic!("faults")
    };
    insta::assert_debug_snapshot!(faults);
}

#[test]
fn of_two_writers_with_one_version_the_second_is_refused() {
    let world = World::new();
    let id = ["1".to_owned()];
    let film =
        block_on(world.service.record(world.read(), "films", &id, &ReadQuery::default())).expect("a film");
    let version = film.version.expect("a version");
    let body = |title: &str| json!({ "title": title }).as_object().cloned().expect("an object");
    let write = |title: &str, version: &Version| {
        let expected = Some(Expected::OneOf(vec![version.clone()]));
        block_on(world.service.update(world.write(), "films", &id, &body(title), expected))
    };
    let written = write("One", &version).expect("written");
    assert!(matches!(write("Other", &version), Err(EntityError::NotAsExpected)));
    write("Other", &written.version.expect("a version")).expect("written");
    // What is shown of it makes no difference to its version.
    let query = ReadQuery { fields: vec!["id".to_owned()], include: Vec::new() };
    let part = block_on(world.service.record(world.read(), "films", &id, &query)).expect("a film");
    let whole =
        block_on(world.service.record(world.read(), "films", &id, &ReadQuery::default())).expect("a film");
    assert_eq!((part.version, part.record.cells.len()), (whole.version, 1));
}

#[test]
fn a_hidden_column_is_told_apart_from_a_made_up_one_by_nothing() {
    let world = World::new();
    world.change("languages", |settings| world::hide(settings, "secret"));
    let reason = |query: Json| {
        let refused = block_on(world.service.records(world.read(), "languages", &list(&query)));
        format!("{:?}", refused.expect_err("a refusal")).replace("secret", "madeup")
    };
    for (hidden, made_up) in [
        (json!({ "filter": { "secret": 1 } }), json!({ "filter": { "madeup": 1 } })),
        (json!({ "sort": "secret" }), json!({ "sort": "madeup" })),
        (json!({ "fields": "secret" }), json!({ "fields": "madeup" })),
    ] {
        assert_eq!(reason(hidden), reason(made_up));
    }
    let over = block_on(world.service.records(
        world.read(),
        "films",
        &list(&json!({ "filter": { "language.secret": 1 } })),
    ));
    assert!(matches!(over, Err(EntityError::InvalidQuery(_))));
    let mut view = Vec::new();
    let described = block_on(world.service.describe(world.read(), "languages")).expect("an entity");
    view.extend(described.view().expect("a view").fields.iter().map(|field| field.name.to_string()));
    assert_eq!(view, ["id", "name"]);
}

#[test]
fn what_an_entity_does_not_offer_is_refused() {
    let world = World::new();
    world.change("languages", |settings| settings.operations = vec![Operation::List]);
    let refused =
        block_on(world.service.record(world.read(), "languages", &["1".to_owned()], &ReadQuery::default()));
    assert!(matches!(refused, Err(EntityError::NotOffered { tried: Operation::Read, .. })));
    world.change("films", |settings| settings.read_only = true);
    let body = [json!({ "title": "x", "languageId": 1 }).as_object().cloned().expect("an object")];
    let refused = block_on(world.service.create(world.write(), "films", &body, false));
    assert!(matches!(refused, Err(EntityError::NotOffered { tried: Operation::Create, .. })));
}

#[test]
fn columns_keep_their_names_where_they_are_asked_to() {
    let world = World::new();
    world.change("films", |settings| settings.field_case = FieldCase::AsIs);
    let query = list(&json!({ "limit": 1, "fields": "language_id" }));
    let films = block_on(world.service.records(world.read(), "films", &query)).expect("records");
    assert_eq!(shown(&films.records), [json!({ "language_id": 1 })]);
}

#[test]
fn every_fault_of_many_records_is_told_with_its_place() {
    let world = World::new();
    let bodies: Vec<_> =
        [json!({ "title": "x" }), json!({ "title": 5, "languageId": 1 }), json!({ "colour": 1 })]
            .into_iter()
            .map(|body| body.as_object().cloned().expect("an object"))
            .collect();
    let refused = block_on(world.service.create(world.write(), "films", &bodies, true));
    let Err(EntityError::Invalid(faults)) = refused else { panic!("faults") };
    let shown: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.reason)).collect();
    insta::assert_snapshot!(shown.join("\n"));
}
