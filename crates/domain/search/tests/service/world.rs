//! Databases whose tables are in memory, and a search service over them.

use std::sync::{Arc, Mutex};

use altus4_connections::{
    ByEngine, ColumnKind, ConnectionService, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, FilterQuery,
    MockConnectionProbe, MockConnectionRepository, MockSchemaInspector, SearchEvidence, Searched, Value,
};
use altus4_kernel::{
    AiPayer, MockSecretCipher, Timer, Uncounted,
    testkit::{FixedClock, InlineBackground, InstantTimer, SequentialIds},
};
use altus4_search::{
    Hit, MeaningPorts, SearchAnswer, SearchError, SearchMode, SearchQuery, SearchService, SortBy, Window,
    testkit::InMemoryIndex,
};
use futures::executor::block_on;

use crate::{OWNER, granted, id, query, stored};

/// A table's columns by kind, with an index over its first text columns, and its rows.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) table: DiscoveredTable,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// `articles(id, title, body, price, status)` with an index over title and body.
pub(crate) fn articles(rows: Vec<Vec<Value>>) -> Sheet {
    sheet("articles", &[("price", ColumnKind::Integer), ("status", SHORT)], rows)
}

pub(crate) const SHORT: ColumnKind = ColumnKind::Text { max_chars: Some(20) };

/// `<name>(id, title, body, …)` with an index over title and body.
pub(crate) fn sheet(name: &str, more: &[(&str, ColumnKind)], rows: Vec<Vec<Value>>) -> Sheet {
    let column = |name: &str, kind| DiscoveredColumn { name: name.into(), kind, ..Default::default() };
    let text = ColumnKind::Text { max_chars: Some(500) };
    let mut columns = vec![column("id", ColumnKind::Integer), column("title", text), column("body", text)];
    columns.extend(more.iter().map(|(name, kind)| column(name, *kind)));
    let table = DiscoveredTable {
        name: name.into(),
        columns,
        primary_key: vec!["id".into()],
        full_text_indexes: vec![DiscoveredIndex {
            name: "ft".into(),
            columns: vec!["title".into(), "body".into()],
            ..Default::default()
        }],
        estimated_rows: Some(rows.len() as u64),
        ..Default::default()
    };
    Sheet { table, rows }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Keeps what is noted.
#[derive(Default)]
pub(crate) struct Notes(pub(crate) Mutex<Vec<Searched>>);

impl SearchEvidence for Notes {
    fn note(&self, searched: Searched) {
        self.0.lock().unwrap().push(searched);
    }
}

/// A service in which each list of sheets is a database of its owner: connections 1, 2, ….
pub(crate) struct World {
    pub(crate) service: SearchService,
    pub(crate) notes: Arc<Notes>,
    /// Where its rows are.
    pub(crate) index: Arc<InMemoryIndex>,
}

pub(crate) fn world(databases: Vec<Vec<Sheet>>) -> World {
    world_of(databases, &[], InstantTimer::Never, None)
}

/// The same, in which the owner lets texts of some connections go outside.
pub(crate) fn world_of(
    databases: Vec<Vec<Sheet>>,
    outside: &[u128],
    timer: impl Timer + 'static,
    meaning: Option<MeaningPorts>,
) -> World {
    let index = Arc::new(InMemoryIndex::default());
    let mut schemas: Vec<Vec<DiscoveredTable>> = Vec::new();
    for (n, sheets) in (1..).zip(databases) {
        let mut schema = Vec::new();
        for sheet in sheets {
            index.add(id(n), sheet.table.clone(), sheet.rows);
            schema.push(sheet.table);
        }
        schemas.push(schema);
    }
    let ids: Vec<u128> = (1..).take(schemas.len()).collect();
    let mut repository = MockConnectionRepository::new();
    let outside = outside.to_vec();
    repository.expect_list().returning(move |_| {
        let connection = |n: &u128| {
            let mut stored = stored(*n, OWNER);
            stored.connection.search.allow_external_ai = outside.contains(n);
            stored
        };
        Ok(ids.iter().map(connection).collect())
    });
    let mut cipher = MockSecretCipher::new();
    cipher.expect_open().returning(|_, _| Ok("password".into()));
    let mut inspector = MockSchemaInspector::new();
    inspector.expect_inspect().returning(move |target, _| {
        let of = (1..).zip(&schemas).find(|(n, _)| id(*n) == target.connection.id);
        Ok(of.map(|(_, schema)| schema.clone()).unwrap_or_default())
    });
    let connections = ConnectionService::new(
        Arc::new(repository),
        Arc::new(cipher),
        ByEngine::new(Some(Arc::new(MockConnectionProbe::new())), None),
        ByEngine::new(Some(Arc::new(inspector)), None),
        Arc::new(FixedClock::default()),
        Arc::new(SequentialIds::default()),
    );
    let notes = Arc::new(Notes::default());
    let service = SearchService::new(
        connections,
        ByEngine::new(Some(Arc::clone(&index) as _), None),
        Arc::new(timer),
        Arc::new(InlineBackground),
        Arc::new(SequentialIds::default()),
    );
    let service = service.with_evidence(Arc::clone(&notes) as _);
    let service = match meaning {
        Some(ports) => service.with_meaning(ports),
        None => service,
    };
    World { service, notes, index }
}

impl World {
    pub(crate) fn search(&self, query: SearchQuery) -> Result<SearchAnswer, SearchError> {
        block_on(self.service.search(granted(OWNER), query, &Uncounted))
    }

    /// The same, paid by somebody.
    pub(crate) fn paid(&self, query: SearchQuery, payer: &dyn AiPayer) -> SearchAnswer {
        block_on(self.service.search(granted(OWNER), query, payer)).unwrap()
    }

    /// The keys that are found, in their order.
    pub(crate) fn keys(&self, query: SearchQuery) -> Vec<i64> {
        keys(&self.search(query).unwrap().hits)
    }

    /// Every page of so many results, one after the other.
    pub(crate) fn walk(&self, query: &SearchQuery, limit: u32) -> Vec<Hit> {
        let mut hits = Vec::new();
        for offset in (0..).step_by(limit as usize) {
            let window = Window::new(limit, offset).unwrap();
            let page = self.search(SearchQuery { window, ..query.clone() }).unwrap().hits;
            if page.is_empty() {
                return hits;
            }
            hits.extend(page);
        }
        hits
    }
}

pub(crate) fn keys(hits: &[Hit]) -> Vec<i64> {
    let key = |hit: &Hit| match hit.data.iter().find(|(name, _)| name == "id") {
        Some((_, Value::Int(key))) => *key,
        other => panic!("no key: {other:?}"),
    };
    hits.iter().map(key).collect()
}

pub(crate) fn boolean(text: &str) -> SearchQuery {
    SearchQuery { mode: SearchMode::Boolean, ..query(text) }
}

pub(crate) fn by(sorts: &[&str]) -> Vec<SortBy> {
    sorts.iter().map(|sort| SortBy::parse(sort).unwrap()).collect()
}

pub(crate) fn filtered(json: &str) -> FilterQuery {
    FilterQuery::from_json(&json.parse().unwrap()).unwrap()
}
