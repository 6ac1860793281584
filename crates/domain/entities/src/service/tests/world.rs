//! Films in memory, all of whose tables are entities.

use std::{collections::BTreeSet, sync::Arc};

use altus4_connections::{
    ByEngine, ColumnKind, ConnectionRepository, ConnectionService, DiscoveredColumn, DiscoveredTable,
    FilterQuery, Relation, StoredConnection, Value,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections, sample_connection},
};
use altus4_kernel::{
    AccountId, Clock, Credential, Granted, Origin, PageRequest, PermissionSet, Plan, Principal, Role,
    SecretCipher, SessionId,
    grants::{DatabaseWrite, Read, Write},
    secrecy::SecretString,
    testkit::{FakeSecretCipher, FixedClock, SequentialIds, block_on, sample_event},
    uuid::Uuid,
};
use serde_json::{Map, Value as Json};

use crate::{
    Cell, Count, EntityPorts, EntityService, EntitySettings, Exposure, FieldRule, ListQuery, NewEntity,
    Paging, Record, RegistryChange, SortField,
    testkit::{InMemoryEntities, InMemoryRecords},
};

pub(super) struct World {
    pub(super) service: EntityService,
    pub(super) records: Arc<InMemoryRecords>,
    principal: Principal,
}

fn column(name: &str, kind: ColumnKind, declared: &str) -> DiscoveredColumn {
    DiscoveredColumn { name: name.into(), kind, declared_type: declared.into(), ..Default::default() }
}

fn id() -> DiscoveredColumn {
    DiscoveredColumn { is_numbered: true, ..column("id", ColumnKind::Integer, "BIGINT") }
}

fn number(name: &str, nullable: bool) -> DiscoveredColumn {
    DiscoveredColumn { nullable, ..column(name, ColumnKind::Integer, "INT") }
}

fn text(name: &str) -> DiscoveredColumn {
    column(name, ColumnKind::Text { max_chars: Some(20) }, "VARCHAR(20)")
}

fn table(name: &str, columns: Vec<DiscoveredColumn>, key: &[&str], to: &[(&str, &str)]) -> DiscoveredTable {
    let relation = |(column, table): &(&str, &str)| Relation {
        column: (*column).into(),
        references_table: (*table).into(),
        references_column: "id".into(),
        constraint: format!("{name}_{column}"),
    };
    DiscoveredTable {
        name: name.into(),
        columns,
        primary_key: key.iter().map(|name| (*name).into()).collect(),
        relations: to.iter().map(relation).collect(),
        ..Default::default()
    }
}

/// Nine films in two languages, every other one of them translated; three actors, two of whom play.
fn tables() -> Vec<(DiscoveredTable, Vec<Vec<Value>>)> {
    let words = |text: &str| Value::Text(text.to_owned());
    let films = (1..=9).map(|id: i64| {
        let original = if id % 2 == 0 { Value::Int(1) } else { Value::Null };
        vec![Value::Int(id), words(&format!("Film {id}")), Value::Int(2 - id % 2), original]
    });
    let film_columns =
        vec![id(), text("title"), number("language_id", false), number("original_language_id", true)];
    vec![
        (
            table(
                "films",
                film_columns,
                &["id"],
                &[("language_id", "languages"), ("original_language_id", "languages")],
            ),
            films.collect(),
        ),
        (
            table("languages", vec![id(), text("name"), number("secret", true)], &["id"], &[]),
            vec![
                vec![Value::Int(1), words("English"), Value::Int(7)],
                vec![Value::Int(2), words("Czech"), Value::Int(8)],
            ],
        ),
        (
            table("actors", vec![id(), text("name")], &["id"], &[]),
            [(1, "Ada"), (2, "Bo"), (3, "Cy")].map(|(id, name)| vec![Value::Int(id), words(name)]).to_vec(),
        ),
        (
            table(
                "film_actors",
                vec![number("film_id", false), number("actor_id", false)],
                &["film_id", "actor_id"],
                &[("film_id", "films"), ("actor_id", "actors")],
            ),
            [(1, 1), (2, 1), (2, 2)].map(|(film, actor)| vec![Value::Int(film), Value::Int(actor)]).to_vec(),
        ),
    ]
}

impl World {
    pub(super) fn new() -> Self {
        let account = AccountId::from_uuid(Uuid::from_u128(1));
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::default());
        let (ids, cipher) = (Arc::new(SequentialIds::default()), Arc::new(FakeSecretCipher::default()));
        let connections = InMemoryConnections::default();
        connections.add_account(account, Plan::Enterprise);
        let sample = sample_connection(1, account, "films");
        let id = sample.connection.id;
        let password = cipher.seal(&SecretString::from("x"), &sample.connection.password_binding());
        let stored = StoredConnection { password: password.expect("sealed"), ..sample };
        block_on(ConnectionRepository::insert(&connections, &stored, None, &sample_event(1, account)))
            .expect("a connection");
        let inspector = FixedInspector::new(tables().into_iter().map(|(table, _)| table).collect());
        let connections = ConnectionService::new(
            Arc::new(connections),
            cipher.clone(),
            ByEngine::new(Some(Arc::new(FakeProbe::default()) as _), None),
            ByEngine::new(Some(Arc::new(inspector) as _), None),
            Arc::clone(&clock),
            ids.clone(),
        );
        let entities = InMemoryEntities::default();
        entities.add_connection(account, id);
        let (records, _) = InMemoryRecords::of(tables());
        let records = Arc::new(records);
        let ports = EntityPorts {
            entities: Arc::new(entities),
            records: ByEngine::new(Some(records.clone() as _), None),
            connections,
            cipher,
            clock,
            ids,
        };
        let principal = Principal {
            account_id: account,
            role: Role::User,
            tier: Plan::Enterprise,
            permissions: PermissionSet::ALL,
            credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
        };
        let world = Self { service: EntityService::new(ports, BTreeSet::new()), records, principal };
        let every = NewEntity::Every { connection_id: id };
        block_on(world.service.register(world.owner(), every, &Origin::default())).expect("entities");
        world
    }

    pub(super) fn read(&self) -> Granted<Read> {
        self.principal.require().expect("granted")
    }

    pub(super) fn write(&self) -> Granted<Write> {
        self.principal.require().expect("granted")
    }

    fn owner(&self) -> Granted<DatabaseWrite> {
        self.principal.require().expect("granted")
    }

    /// Changes what is said of an entity.
    pub(super) fn change(&self, name: &str, change: impl Fn(&mut EntitySettings) + Sync) {
        let changed = |before: &crate::Entity| {
            let mut settings = before.settings.clone();
            change(&mut settings);
            Ok(RegistryChange { name: None, settings: Some(settings) })
        };
        block_on(self.service.change(self.owner(), name, &changed, &Origin::default())).expect("changed");
    }
}

pub(super) fn hide(settings: &mut EntitySettings, column: &str) {
    settings.fields.push(FieldRule { column: column.into(), name: None, exposure: Exposure::Hidden });
}

/// A query as its parameters have it.
pub(super) fn list(query: &Json) -> ListQuery {
    let names = |name: &str| -> Vec<String> {
        let text = query[name].as_str().unwrap_or_default();
        text.split(',').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
    };
    let limit = u32::try_from(query["limit"].as_u64().unwrap_or(20)).expect("a limit");
    let field = |name: String| match name.strip_prefix('-') {
        Some(rest) => SortField { name: rest.to_owned(), descending: true },
        None => SortField { name, descending: false },
    };
    ListQuery {
        paging: match query["cursor"].as_str() {
            Some(cursor) => Paging::Cursor { cursor: cursor.to_owned(), limit },
            None => Paging::Page(PageRequest::new(1, limit).expect("a page")),
        },
        sort: names("sort").into_iter().map(field).collect(),
        fields: names("fields"),
        include: names("include"),
        search: None,
        filter: query.get("filter").map(|filter| FilterQuery::from_json(filter).expect("a filter")),
        dates: None,
        count: if query["count"] == "none" { Count::None } else { Count::Exact },
    }
}

/// Records as JSON.
pub(super) fn shown(records: &[Record]) -> Vec<Json> {
    records.iter().map(json).collect()
}

fn json(record: &Record) -> Json {
    let cell = |cell: &Cell| match cell {
        Cell::Value(value) => value.clone(),
        Cell::One(record) => record.as_ref().map_or(Json::Null, json),
        Cell::Many(records) => records.iter().map(json).collect(),
    };
    Json::Object(record.cells.iter().map(|(name, one)| (name.to_string(), cell(one))).collect::<Map<_, _>>())
}
