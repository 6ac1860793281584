//! Rows that belong to rows of other tables.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::sync::Arc;

use altus4_connections::{Filter, Junction, Link, Test, Value};

use super::{DEADLINE, Desk, RecordsSubject, by, column, columns, text};
use crate::{Related, RelatedRequest};

const SCRIPT: &str = "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) EXACT NOT NULL);
     CREATE TABLE tasks (id INTEGER NOT NULL PRIMARY KEY, person_id INTEGER, title VARCHAR(40) EXACT NOT NULL);
     CREATE TABLE tags (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) EXACT NOT NULL);
     CREATE TABLE task_tags (task_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (task_id, tag_id));
     INSERT INTO people VALUES (1, 'ada'), (2, 'ben'), (3, 'cleo');
     INSERT INTO tasks VALUES (10, 1, 'a'), (11, 1, 'b'), (12, 2, 'a'), (13, NULL, 'z'), (14, 1, 'c');
     INSERT INTO tags VALUES (1, 'red'), (2, 'blue');
     INSERT INTO task_tags VALUES (10, 1), (10, 2), (12, 2), (14, 1);";

fn link(desk: &Desk<'_>, from: (&str, &str), to: (&str, &str)) -> Arc<Link> {
    let (near, far) = (desk.table(from.0), desk.table(to.0));
    let on = vec![(column(&near, from.1), column(&far, to.1))];
    Arc::new(Link { from: near, to: far, on, through: None })
}

fn tags_of_tasks(desk: &Desk<'_>) -> Arc<Link> {
    let (tasks, tags, between) = (desk.table("tasks"), desk.table("tags"), desk.table("task_tags"));
    let on = vec![(column(&tasks, "id"), column(&between, "task_id"))];
    let far = vec![(column(&between, "tag_id"), column(&tags, "id"))];
    Arc::new(Link { from: tasks, to: tags, on, through: Some(Junction { table: between, far }) })
}

async fn tasks_that(desk: &Desk<'_>, filter: Filter) -> Vec<Value> {
    let mut request = desk.request("tasks", &["id"]);
    request.rows.filter = Some(filter);
    desk.select(&request).await.into_iter().flatten().collect()
}

fn numbers(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::Int).collect()
}

/// A relation's condition holds where it does for one row at the other end at least.
pub async fn conditions_on_related_rows_hold_for_some_of_them(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let is = |table: &str, name: &str, value: &str| {
        Filter::Is(column(&desk.table(table), name), Test::Eq(text(value)))
    };
    let person = link(&desk, ("tasks", "person_id"), ("people", "id"));
    let tasks = link(&desk, ("people", "id"), ("tasks", "person_id"));
    let of_ada = Filter::Related(Arc::clone(&person), Box::new(is("people", "name", "ada")));
    assert_eq!(tasks_that(&desk, of_ada.clone()).await, numbers(&[10, 11, 14]));
    assert_eq!(tasks_that(&desk, Filter::Not(Box::new(of_ada))).await, numbers(&[12, 13]));
    let red = Filter::Related(tags_of_tasks(&desk), Box::new(is("tags", "name", "red")));
    assert_eq!(tasks_that(&desk, red).await, numbers(&[10, 14]));
    // Tasks of people who have a task `c`: to another table and back to the first.
    let has_c = Filter::Related(tasks, Box::new(is("tasks", "title", "c")));
    let of_those = Filter::Related(person, Box::new(has_c));
    assert_eq!(tasks_that(&desk, of_those).await, numbers(&[10, 11, 14]));
}

async fn related(desk: &Desk<'_>, request: &RelatedRequest) -> Vec<(usize, Vec<Value>)> {
    let found = desk.records.related(&desk.target, request, DEADLINE).await.expect("rows");
    let mut found: Vec<_> = found.into_iter().map(|Related { parent, values }| (parent, values)).collect();
    // Those of one parent stay in their order.
    found.sort_by_key(|(parent, _)| *parent);
    found
}

/// Each parent's first rows, in the order that was asked for.
pub async fn rows_belong_to_their_parents(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let tasks = desk.table("tasks");
    let mut request = RelatedRequest {
        link: link(&desk, ("people", "id"), ("tasks", "person_id")),
        parents: vec![vec![Value::Int(3)], vec![Value::Int(2)], vec![Value::Int(1)]],
        filter: None,
        read: columns(&tasks, &["id", "title"]),
        order: vec![by(&column(&tasks, "title"), true), by(&column(&tasks, "id"), true)],
        per_parent: 2,
    };
    let row = |id: i64, title: &str| vec![Value::Int(id), text(title)];
    let expected = [(1, row(12, "a")), (2, row(14, "c")), (2, row(11, "b"))];
    assert_eq!(related(&desk, &request).await, expected);
    request.filter = Some(Filter::Is(column(&tasks, "title"), Test::Lt(text("c"))));
    request.parents = vec![vec![Value::Int(1)]];
    assert_eq!(related(&desk, &request).await, [(0, row(11, "b")), (0, row(10, "a"))]);
    request.parents.clear();
    assert_eq!(related(&desk, &request).await, []);
    // The other way round.
    let people = desk.table("people");
    let request = RelatedRequest {
        link: link(&desk, ("tasks", "person_id"), ("people", "id")),
        parents: vec![vec![Value::Int(1)], vec![Value::Int(2)], vec![Value::Int(99)]],
        filter: None,
        read: columns(&people, &["name"]),
        order: vec![by(&column(&people, "id"), false)],
        per_parent: 1,
    };
    assert_eq!(related(&desk, &request).await, [(0, vec![text("ada")]), (1, vec![text("ben")])]);
}

/// A row at the far end comes once for each parent that it belongs to.
pub async fn rows_belong_to_many_through_a_table_between(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let tags = desk.table("tags");
    let request = RelatedRequest {
        link: tags_of_tasks(&desk),
        parents: vec![vec![Value::Int(10)], vec![Value::Int(11)], vec![Value::Int(12)]],
        filter: None,
        read: columns(&tags, &["name"]),
        order: vec![by(&column(&tags, "id"), false)],
        per_parent: 5,
    };
    let expected = [(0, vec![text("red")]), (0, vec![text("blue")]), (2, vec![text("blue")])];
    assert_eq!(related(&desk, &request).await, expected);
}

/// What is equal the column's collation says: two parents may be alike to it.
pub async fn texts_that_refer_are_held_together_by_their_collation(subject: &dyn RecordsSubject) {
    let desk = Desk::new(
        subject,
        "CREATE TABLE countries (code VARCHAR(3) EXACT NOT NULL PRIMARY KEY, name VARCHAR(40) EXACT NOT NULL);
         CREATE TABLE towns (id INTEGER NOT NULL PRIMARY KEY, country VARCHAR(3) EXACT);
         INSERT INTO countries VALUES ('at', 'Austria'), ('AT', 'Other'), ('ch', 'Switzerland');
         INSERT INTO towns VALUES (1, 'at'), (2, 'ch'), (3, 'at');",
    )
    .await;
    let countries = desk.table("countries");
    let request = RelatedRequest {
        link: link(&desk, ("towns", "country"), ("countries", "code")),
        parents: vec![vec![text("ch")], vec![text("at")], vec![text("xx")]],
        filter: None,
        read: columns(&countries, &["name"]),
        order: vec![by(&column(&countries, "code"), false)],
        per_parent: 1,
    };
    let expected = [(0, vec![text("Switzerland")]), (1, vec![text("Austria")])];
    assert_eq!(related(&desk, &request).await, expected);
}
