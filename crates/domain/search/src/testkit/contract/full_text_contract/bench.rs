//! A table loaded twice: on the subject, and in memory, where it is read naively.

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, FullTextKey, Table, Target, Value};

use crate::{
    Candidate, CandidateRequest, Expr, FullTextIndex, Matching, Order, Scope,
    testkit::{FullTextSubject, InMemoryIndex, TableSpec},
};

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

pub(super) struct Bench<'a> {
    pub(super) index: &'a dyn FullTextIndex,
    pub(super) twin: InMemoryIndex,
    pub(super) target: Target,
    pub(super) table: Arc<Table>,
}

impl<'a> Bench<'a> {
    pub(super) async fn of(subject: &'a dyn FullTextSubject, spec: TableSpec) -> Self {
        let (target, table) = subject.load(spec.clone()).await;
        let twin = InMemoryIndex::default();
        twin.add(target.connection.id, spec.table, spec.rows);
        Self { index: subject.index(), twin, target, table }
    }

    pub(super) fn column(&self, name: &str) -> ColumnRef {
        self.table.column(name).unwrap_or_else(|| panic!("the column {name}")).column.clone()
    }

    pub(super) fn columns(&self, names: &[&str]) -> Vec<ColumnRef> {
        names.iter().map(|name| self.column(name)).collect()
    }

    /// The index over these columns.
    pub(super) fn key(&self, names: &[&str]) -> FullTextKey {
        let columns = self.columns(names);
        let found = self.table.full_text.iter().find(|index| index.columns == columns);
        found.unwrap_or_else(|| panic!("an index over {names:?}")).clone()
    }

    /// Every way to look for words in `title` and `body`.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        vec![
            Scope::index(self.key(&["title", "body"])),
            Scope { indexes: vec![self.key(&["title"]), self.key(&["body"])], unindexed: Vec::new() },
            Scope { indexes: vec![self.key(&["title"])], unindexed: self.columns(&["body"]) },
            Scope::scan(self.columns(&["title", "body"])),
        ]
    }

    pub(super) fn matching(&self, scope: Scope, expr: Expr) -> Matching {
        Matching { table: Arc::clone(&self.table), scope, expr, filter: None }
    }

    /// Everything that matches, with nothing read.
    pub(super) fn all(matching: Matching) -> CandidateRequest {
        CandidateRequest { matching, order: Order::Relevance, read: Vec::new(), limit: 1_000 }
    }

    pub(super) async fn find(&self, request: &CandidateRequest) -> Vec<Candidate> {
        let found = self.index.candidates(&self.target, request, DEADLINE).await;
        found.unwrap_or_else(|error| panic!("{error:?}\n{request:#?}"))
    }

    pub(super) async fn expected(&self, request: &CandidateRequest) -> Vec<Candidate> {
        self.twin.candidates(&self.target, request, DEADLINE).await.expect("candidates in memory")
    }

    /// The ids of all that match, from the least on.
    pub(super) async fn ids(&self, matching: Matching) -> Vec<i64> {
        sorted(ids(&self.find(&Self::all(matching)).await))
    }

    /// In every scope, `expr` finds these rows.
    pub(super) async fn assert_finds(&self, expr: Expr, expected: &[i64]) {
        for scope in self.scopes() {
            let found = self.ids(self.matching(scope.clone(), expr.clone())).await;
            assert_eq!(found, expected, "{expr:?} in {scope:?}");
        }
    }

    /// What matches is what a naive reading finds.
    pub(super) async fn assert_as_read(&self, matching: Matching) {
        let request = Self::all(matching);
        let [found, expected] = [self.find(&request).await, self.expected(&request).await];
        let [found, expected] = [sorted(ids(&found)), sorted(ids(&expected))];
        let Matching { scope, expr, filter, .. } = &request.matching;
        assert_eq!(found, expected, "{expr:#?}\nwhere {filter:#?}\nin {scope:#?}");
    }
}

pub(super) fn ids(candidates: &[Candidate]) -> Vec<i64> {
    let id = |candidate: &Candidate| match candidate.key.as_slice() {
        [Value::Int(id)] => *id,
        other => panic!("one whole number was expected as the key, not {other:?}"),
    };
    candidates.iter().map(id).collect()
}

pub(super) fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}
