//! Each rule, on the smallest schema that it is about.
use altus4_kernel::{Clock, ConnectionId, testkit::FixedClock, uuid::Uuid};

use super::*;
use crate::{ColumnKind, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Generated, ServerFamily};

fn column(name: &str, max_chars: Option<u64>) -> DiscoveredColumn {
    DiscoveredColumn {
        name: name.to_owned(),
        declared_type: max_chars.map_or("TEXT".to_owned(), |chars| format!("VARCHAR({chars})")),
        kind: ColumnKind::Text { max_chars },
        collation: Some("utf8mb4_general_ci".to_owned()),
        ..DiscoveredColumn::default()
    }
}

fn index(name: &str, columns: &[&str]) -> DiscoveredIndex {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    DiscoveredIndex { name: name.to_owned(), columns, ..DiscoveredIndex::default() }
}

/// 5,000 rows of `title`, `body` and `note`, stored by InnoDB.
fn articles(indexes: Vec<DiscoveredIndex>) -> DiscoveredTable {
    DiscoveredTable {
        name: "articles".to_owned(),
        columns: vec![column("title", Some(255)), column("body", None), column("note", Some(20))],
        full_text_indexes: indexes,
        estimated_rows: Some(5_000),
        engine: Some("InnoDB".to_owned()),
        ..DiscoveredTable::default()
    }
}

fn tally(columns: &[&str], access: Access, searches: u64) -> Tally {
    Tally {
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(1)),
        table: "articles".to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        access,
        searches,
        took: Duration::from_millis(20) * u32::try_from(searches).expect("a few"),
        last_seen: FixedClock::default().now(),
    }
}

fn facts() -> ServerFacts {
    ServerFacts {
        family: ServerFamily::MariaDb,
        innodb_min_chars: 2,
        myisam_min_chars: 2,
        innodb_stop_words: false,
        data_bytes: [("articles".to_owned(), 80_000_000)].into(),
    }
}

fn advise_with(table: DiscoveredTable, tallies: &[Tally], facts: &ServerFacts) -> Vec<Advice> {
    advise(Known { snapshot: &SchemaSnapshot::new(vec![table]), facts, tallies })
}

/// Kind, impact and columns of each.
fn gist(table: DiscoveredTable, tallies: &[Tally]) -> Vec<(AdviceKind, Impact, String)> {
    let named = |advice: Advice| {
        let columns: Vec<_> = advice.columns.iter().map(ColumnRef::name).collect();
        (advice.kind, advice.impact, columns.join(","))
    };
    advise_with(table, tallies, &facts()).into_iter().map(named).collect()
}

fn one(kind: AdviceKind, impact: Impact, columns: &str) -> Vec<(AdviceKind, Impact, String)> {
    vec![(kind, impact, columns.to_owned())]
}

#[test]
fn text_that_is_searched_by_reading_the_table_wants_an_index_over_what_is_searched_together() {
    let tallies = [tally(&["title", "body"], Access::Scanned, 3), tally(&["body"], Access::Scanned, 2)];
    let advice = advise_with(articles(vec![]), &tallies, &facts());
    let [advice] = &advice[..] else { panic!("one index serves both: {advice:?}") };
    assert_eq!((advice.kind, advice.impact), (AdviceKind::MissingIndex, Impact::Medium));
    assert_eq!((advice.seen.searches, advice.seen.scanned, advice.seen.left_out), (5, 5, 0));
    assert_eq!(
        advice.reason,
        "5 searches searched title, body, which no full-text index covers. 5 searches read the whole table \
         of about 5000 rows, in 20 ms on average."
    );
    let Some(Remedy::AddIndex(plan)) = &advice.remedy else { panic!("{advice:?}") };
    assert_eq!((plan.name.as_str(), plan.is_online), ("ft_title_body", true));
    let effect = advice.effect.expect("an effect");
    assert_eq!((effect.locks, effect.rebuilds_table, effect.rows), (Locks::Writes, true, Some(5_000)));
    assert_eq!(effect.duration, Some(Duration::from_secs(10 + 2)), "80 MB indexed, and written anew");
}

#[test]
fn a_table_that_was_left_out_matters_most() {
    let tallies = [tally(&["body"], Access::LeftOut, 1)];
    assert_eq!(gist(articles(vec![]), &tallies), one(AdviceKind::MissingIndex, Impact::High, "body"));
}

#[test]
fn a_column_without_an_index_is_named_beside_those_that_have_one() {
    let table = articles(vec![index("ft_title", &["title"])]);
    let tallies = [tally(&["title", "body", "note"], Access::Scanned, 1)];
    let advice = advise_with(table, &tallies, &facts());
    assert_eq!(advice[0].columns.iter().map(ColumnRef::name).collect::<Vec<_>>(), ["body", "note"]);
    let effect = advice[0].effect.expect("an effect");
    assert!(!effect.rebuilds_table, "it isn't the table's first");
}

#[test]
fn an_index_that_was_made_since_ends_the_advice() {
    let table = articles(vec![index("ft", &["body", "title"])]);
    assert_eq!(gist(table, &[tally(&["title", "body"], Access::LeftOut, 9)]), []);
}

#[test]
fn columns_of_different_collations_want_an_index_each() {
    let mut table = articles(vec![]);
    table.columns[1].collation = Some("utf8mb4_unicode_ci".to_owned());
    let advice = gist(table, &[tally(&["title", "body"], Access::Scanned, 1)]);
    let columns: Vec<_> = advice.iter().map(|(_, _, columns)| columns.as_str()).collect();
    assert_eq!(columns, ["title", "body"]);
}

#[test]
fn more_columns_than_an_index_takes_are_shared_out() {
    let mut table = articles(vec![]);
    table.columns = (0..20).map(|number| column(&format!("c{number}"), None)).collect();
    let names: Vec<_> = (0..20).map(|number| format!("c{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let advice = advise_with(table, &[tally(&names, Access::Scanned, 1)], &facts());
    assert_eq!(advice.iter().map(|advice| advice.columns.len()).collect::<Vec<_>>(), [16, 4]);
}

#[test]
fn columns_that_need_several_indexes_want_one_together() {
    let table = articles(vec![index("a", &["title"]), index("b", &["body"])]);
    let tallies = [tally(&["title", "body"], Access::Indexed, 3)];
    assert_eq!(gist(table, &tallies), one(AdviceKind::CombinedIndex, Impact::Medium, "title,body"));
}

#[test]
fn a_habit_of_searching_part_of_an_index_is_told() {
    let table = || articles(vec![index("a", &["title", "body"])]);
    let tallies = |searches| [tally(&["title"], Access::Indexed, searches)];
    assert_eq!(gist(table(), &tallies(9)), []);
    assert_eq!(gist(table(), &tallies(10)), one(AdviceKind::ExactIndex, Impact::Low, "title"));
}

#[test]
fn long_text_is_named_before_anybody_searched_it() {
    let mut table = articles(vec![]);
    assert_eq!(gist(table.clone(), &[]), one(AdviceKind::MissingIndex, Impact::Low, "title,body"));
    table.columns[0].key = Some("UNI".to_owned());
    assert_eq!(gist(table.clone(), &[]), one(AdviceKind::MissingIndex, Impact::Low, "body"));
    table.estimated_rows = Some(0);
    assert_eq!(gist(table, &[]), []);
}

#[test]
fn the_same_columns_twice_are_one_index_too_many() {
    let table = articles(vec![index("b", &["body", "title"]), index("a", &["title", "body"])]);
    let advice = advise_with(table, &[tally(&["title", "body"], Access::Indexed, 1)], &facts());
    assert_eq!(advice.len(), 1);
    let Some(Remedy::DropIndex { index, .. }) = &advice[0].remedy else { panic!("{advice:?}") };
    assert_eq!((advice[0].kind, index.name()), (AdviceKind::DuplicateIndex, "b"));
    let mut ngram = index_with_parser("b");
    ngram.columns = vec!["title".to_owned(), "body".to_owned()];
    let table = articles(vec![index_of("a", &["title", "body"]), ngram]);
    let tallies = [tally(&["title", "body"], Access::Indexed, 1)];
    assert_eq!(gist(table, &tallies), [], "another parser finds other words");
}

fn index_of(name: &str, columns: &[&str]) -> DiscoveredIndex {
    index(name, columns)
}

fn index_with_parser(name: &str) -> DiscoveredIndex {
    DiscoveredIndex { name: name.to_owned(), parser: Some("ngram".to_owned()), ..DiscoveredIndex::default() }
}

#[test]
fn an_index_that_nobody_uses_is_told_after_enough_searches() {
    let table = || articles(vec![index("a", &["title", "body"]), index("b", &["title"])]);
    let tallies = |searches| vec![tally(&["title", "body"], Access::Indexed, searches)];
    assert_eq!(gist(table(), &tallies(99)), []);
    assert_eq!(gist(table(), &tallies(100)), one(AdviceKind::UnusedIndex, Impact::Low, "title"));
    let mut used = tallies(100);
    used.push(tally(&["title"], Access::Indexed, 1));
    assert_eq!(gist(table(), &used), []);
}

#[test]
fn settings_that_lose_words_are_told_once_for_the_server() {
    let facts = ServerFacts { innodb_min_chars: 4, innodb_stop_words: true, myisam_min_chars: 9, ..facts() };
    let advice = advise_with(articles(vec![index("a", &["title"])]), &[], &facts);
    let lost: Vec<_> = advice.iter().filter(|advice| advice.kind == AdviceKind::LostWords).collect();
    assert_eq!(lost.len(), 2, "no table is of another engine: {lost:?}");
    assert_eq!((lost[0].impact, &lost[0].table), (Impact::Medium, &None));
    assert!(lost[0].reason.contains("innodb_ft_min_token_size = 4"), "{}", lost[0].reason);
    assert!(matches!(lost[1].remedy, Some(Remedy::Setting { name: "innodb_ft_enable_stopword", .. })));
    let mut unsearched = articles(vec![]);
    unsearched.estimated_rows = Some(0);
    assert_eq!(advise_with(unsearched, &[], &facts), [], "nobody searches here");
}

#[test]
fn myisam_tables_that_are_searched_are_told() {
    let mut table = articles(vec![index("a", &["title", "body", "note"])]);
    table.engine = Some("MyISAM".to_owned());
    let tallies = [tally(&["title", "body", "note"], Access::Indexed, 1)];
    assert_eq!(gist(table.clone(), &tallies), one(AdviceKind::StorageEngine, Impact::Medium, ""));
    let advice = advise_with(table, &[tally(&["note"], Access::Indexed, 10)], &facts());
    let Some(Remedy::AddIndex(plan)) = &advice[1].remedy else { panic!("{advice:?}") };
    assert!(!plan.is_online);
}

#[test]
fn collations_that_compare_badly_are_told_with_all_columns_of_the_index() {
    let mut table = articles(vec![index("a", &["title", "body", "note"])]);
    for (column, collation) in [(0, "utf8mb4_bin"), (1, "latin1_swedish_ci")] {
        table.columns[column].collation = Some(collation.to_owned());
    }
    let tallies = [tally(&["title", "body", "note"], Access::Indexed, 1)];
    let advice = advise_with(table, &tallies, &facts());
    assert_eq!((advice.len(), advice[0].kind, advice[0].impact), (1, AdviceKind::Collation, Impact::Medium));
    let Some(Remedy::ConvertColumns { columns, collation, .. }) = &advice[0].remedy else {
        panic!("{advice:?}")
    };
    assert_eq!((columns.len(), collation.as_str()), (2, "utf8mb4_general_ci"), "as the third has it");
}

#[test]
fn what_no_index_can_cover_is_told_with_its_reason() {
    let searched = [tally(&["body"], Access::LeftOut, 1)];
    let mut view = articles(vec![]);
    view.kind = TableKind::View;
    assert_eq!(gist(view.clone(), &searched), one(AdviceKind::NotIndexable, Impact::High, "body"));
    assert_eq!(gist(view, &[]), []);

    let mut computed = articles(vec![]);
    computed.columns[1].generated = Some(Generated::Virtual);
    assert_eq!(gist(computed, &searched), one(AdviceKind::NotIndexable, Impact::High, "body"));

    let mut partitioned = articles(vec![]);
    partitioned.is_partitioned = true;
    assert_eq!(gist(partitioned.clone(), &searched), one(AdviceKind::MissingIndex, Impact::High, "body"));
    let mysql = ServerFacts { family: ServerFamily::MySql, ..facts() };
    let advice = advise_with(partitioned, &searched, &mysql);
    assert_eq!((advice.len(), advice[0].kind), (1, AdviceKind::NotIndexable));
    assert!(advice[0].reason.contains("partitioned"), "{}", advice[0].reason);
}
