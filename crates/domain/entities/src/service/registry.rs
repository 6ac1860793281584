//! Which tables are entities.

mod checks;

use std::{collections::BTreeSet, sync::Arc};

use altus4_connections::{SchemaSnapshot, Table};
use altus4_kernel::{
    AccountId, AuditAction, AuditEvent, ConnectionId, EntityId, Granted, Origin,
    grants::{DatabaseWrite, Read},
};

use self::checks::{check_relations, check_settings};
use super::{Described, EntityService};
use crate::{Entity, EntityError, EntityName, EntitySettings, EntityView, FieldFault, Operation, naming};

/// What is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEntity {
    /// One table under a name.
    One {
        /// Its name.
        name: EntityName,
        /// The connection.
        connection_id: ConnectionId,
        /// The table, with case or, where only one is meant, without.
        table: String,
        /// What is said of it.
        settings: EntitySettings,
    },
    /// Every table and view of a connection that isn't registered yet, under its own name, but for
    /// what a path can't have.
    Every {
        /// The connection.
        connection_id: ConnectionId,
    },
}

/// What is to be changed of an entity; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryChange {
    /// Its name.
    pub name: Option<EntityName>,
    /// All that is said of it.
    pub settings: Option<EntitySettings>,
}

/// An entity as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The entity.
    pub entity: Entity,
    /// What may be done with its records, as far as its schema could be read.
    pub operations: Vec<Operation>,
    /// Why it can't be used, where that is known.
    pub broken: Option<String>,
}

/// What was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// The one.
    One(Box<Standing>),
    /// All that weren't before; none where all were.
    Every(Vec<Standing>),
}

impl EntityService {
    /// The account's entities, oldest first, each with what it allows.
    ///
    /// # Errors
    /// Those of the store. A database that can't be read is none: its entities are told as registered.
    pub async fn list(&self, granted: Granted<Read>) -> Result<Vec<Standing>, EntityError> {
        let account_id = granted.account_id();
        let known = self.known.of(account_id).await?;
        let ids: BTreeSet<_> = known.entities.iter().map(|entity| entity.connection_id).collect();
        let known = &known;
        let shelves = ids.into_iter().map(|id| async move {
            (id, self.read_shelf(known, account_id, id, false).await.ok().map(|(_, shelf)| shelf))
        });
        let shelves = futures::future::join_all(shelves).await;
        let standing = known.entities.iter().map(|entity| {
            let of_connection = shelves.iter().find(|(id, _)| *id == entity.connection_id);
            let found = of_connection.and_then(|(_, shelf)| shelf.as_ref());
            let view = found.and_then(|shelf| shelf.view(shelf.position(&entity.name)?));
            Standing {
                operations: match view {
                    Some(Ok(view)) => view.operations.clone(),
                    _ => entity.settings.operations.clone(),
                },
                broken: view.and_then(Result::err).map(|drift| drift.0.clone()),
                entity: entity.clone(),
            }
        });
        Ok(standing.collect())
    }

    /// One entity and what it has become over its schema.
    ///
    /// # Errors
    /// [`EntityError::NotFound`].
    pub async fn get(&self, granted: Granted<Read>, name: &str) -> Result<Standing, EntityError> {
        let all = self.list(granted).await?;
        let found = all.into_iter().find(|standing| standing.entity.name.as_str() == name);
        found.ok_or_else(|| not_found(name))
    }

    /// What an entity offers.
    ///
    /// # Errors
    /// [`EntityError::NotFound`], [`EntityError::SchemaChanged`], those of the connection.
    pub async fn describe(&self, granted: Granted<Read>, name: &str) -> Result<Described, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        desk.view()?;
        Ok(Described { shelf: desk.shelf, at: desk.at })
    }

    /// What every entity offers whose database can be read.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn describe_all(&self, account_id: AccountId) -> Result<Vec<Described>, EntityError> {
        let known = self.known.of(account_id).await?;
        let ids: BTreeSet<_> = known.entities.iter().map(|entity| entity.connection_id).collect();
        let known = &known;
        let shelves =
            ids.into_iter().map(|id| async move { self.read_shelf(known, account_id, id, false).await.ok() });
        let shelves = futures::future::join_all(shelves).await;
        let described = shelves.into_iter().flatten().flat_map(|(_, shelf)| {
            let all = (0..shelf.entities().len()).map(|at| Described { shelf: Arc::clone(&shelf), at });
            all.collect::<Vec<_>>()
        });
        Ok(described.filter(|described| described.view().is_ok()).collect())
    }

    /// Registers a table, or all of them. Tables aren't touched.
    ///
    /// # Errors
    /// [`EntityError::Invalid`] with every fault, [`EntityError::NameTaken`],
    /// [`EntityError::NameReserved`], [`EntityError::TooMany`], those of the connection.
    pub async fn register(
        &self,
        granted: Granted<DatabaseWrite>,
        new: NewEntity,
        origin: &Origin,
    ) -> Result<Registered, EntityError> {
        let account_id = granted.account_id();
        let (NewEntity::One { connection_id, .. } | NewEntity::Every { connection_id }) = &new;
        let connection_id = *connection_id;
        let target = self.ports.connections.background(account_id, connection_id).await?;
        let snapshot = self.ports.connections.read_schema(&target, true).await?;
        let engine = target.connection.engine;
        let (entities, is_one) = match new {
            NewEntity::One { name, table, settings, .. } => {
                self.check_name(&name)?;
                let Some(found) = snapshot.table(&table) else {
                    return Err(invalid("table", "is no table of this database"));
                };
                check_settings(&settings, found, &snapshot)?;
                (vec![self.new_entity(account_id, connection_id, name, found, settings)], true)
            }
            NewEntity::Every { .. } => (self.missing(account_id, connection_id, &snapshot).await?, false),
        };
        for entity in &entities {
            // Whatever else can't be is found by trying.
            EntityView::new(entity.clone(), snapshot.table(&entity.table), engine)
                .map_err(|drift| invalid("fields", &drift.0))?;
            if !entity.settings.relations.is_empty() {
                let others = self.ports.entities.list(account_id).await?;
                check_relations(entity, &[], others, (&snapshot, engine))?;
            }
        }
        if !entities.is_empty() {
            let event =
                |entity: &Entity| self.event(granted, AuditAction::EntityRegistered, entity.id, origin);
            let events: Vec<_> = entities.iter().map(event).collect();
            self.ports.entities.insert(&entities, Self::MAX_ENTITIES, &events).await?;
            self.announce(account_id).await;
        }
        let known = self.known.of(account_id).await?;
        let registered = known.shelf(connection_id, &snapshot, engine);
        let standing = |entity: Entity| {
            let at = registered.position(&entity.name);
            let view = at.and_then(|at| registered.view(at)).and_then(Result::ok);
            let operations = view.map(|view| view.operations.clone()).unwrap_or_default();
            Standing { entity, operations, broken: None }
        };
        let mut all: Vec<_> = entities.into_iter().map(standing).collect();
        Ok(match all.pop() {
            Some(only) if is_one => Registered::One(Box::new(only)),
            last => {
                all.extend(last);
                Registered::Every(all)
            }
        })
    }

    /// Changes what is said of an entity.
    ///
    /// # Errors
    /// As [`register`](Self::register); [`EntityError::NotFound`], [`EntityError::ChangedMeanwhile`].
    pub async fn change(
        &self,
        granted: Granted<DatabaseWrite>,
        name: &str,
        change: &(dyn Fn(&Entity) -> Result<RegistryChange, EntityError> + Sync),
        origin: &Origin,
    ) -> Result<Standing, EntityError> {
        let account_id = granted.account_id();
        let all = self.ports.entities.list(account_id).await?;
        let before = all.iter().find(|entity| entity.name.as_str() == name).cloned();
        let before = before.ok_or_else(|| not_found(name))?;
        let RegistryChange { name, settings } = change(&before)?;
        if let Some(name) = name.as_ref().filter(|name| **name != before.name) {
            self.check_name(name)?;
        }
        let target = self.ports.connections.background(account_id, before.connection_id).await?;
        let snapshot = self.ports.connections.read_schema(&target, true).await?;
        let after = Entity {
            name: name.unwrap_or_else(|| before.name.clone()),
            settings: settings.unwrap_or_else(|| before.settings.clone()),
            revision: before.revision + 1,
            updated_at: self.ports.clock.now(),
            ..before.clone()
        };
        let table = snapshot.table(&after.table).ok_or_else(|| {
            EntityError::SchemaChanged(format!("the table '{}' is not there any more", after.table), None)
        })?;
        check_settings(&after.settings, table, &snapshot)?;
        let view = EntityView::new(after.clone(), Some(table), target.connection.engine)
            .map_err(|drift| invalid("fields", &drift.0))?;
        check_relations(&after, &before.settings.relations, all, (&snapshot, target.connection.engine))?;
        let event = self.event(granted, AuditAction::EntityChanged, after.id, origin);
        if !self.ports.entities.replace(&before, &after, &event).await? {
            return Err(EntityError::ChangedMeanwhile);
        }
        self.announce(account_id).await;
        Ok(Standing { operations: view.operations, entity: after, broken: None })
    }

    /// Forgets an entity; its table stays as it is.
    ///
    /// # Errors
    /// [`EntityError::NotFound`].
    pub async fn forget(
        &self,
        granted: Granted<DatabaseWrite>,
        name: &str,
        origin: &Origin,
    ) -> Result<(), EntityError> {
        let account_id = granted.account_id();
        let all = self.ports.entities.list(account_id).await?;
        let entity = all.into_iter().find(|entity| entity.name.as_str() == name);
        let entity = entity.ok_or_else(|| not_found(name))?;
        let event = self.event(granted, AuditAction::EntityForgotten, entity.id, origin);
        let is_gone = self.ports.entities.remove(account_id, entity.id, &event).await?;
        self.announce(account_id).await;
        if is_gone { Ok(()) } else { Err(not_found(name)) }
    }

    /// Entities for the tables of a connection that have none.
    async fn missing(
        &self,
        account_id: AccountId,
        connection_id: ConnectionId,
        snapshot: &SchemaSnapshot,
    ) -> Result<Vec<Entity>, EntityError> {
        let known = self.ports.entities.list(account_id).await?;
        let mut taken: BTreeSet<_> = known.iter().map(|entity| entity.name.clone()).collect();
        taken.extend(self.reserved.iter().filter_map(|name| EntityName::parse(name)));
        let has = |table: &Table| {
            known
                .iter()
                .any(|entity| entity.connection_id == connection_id && entity.table == table.table.name())
        };
        let mut entities = Vec::new();
        for table in snapshot.tables().iter().filter(|table| !has(table)) {
            let Some(name) = naming::entity_name(table.table.name(), &taken) else { continue };
            taken.insert(name.clone());
            entities.push(self.new_entity(account_id, connection_id, name, table, EntitySettings::default()));
        }
        Ok(entities)
    }

    fn new_entity(
        &self,
        account_id: AccountId,
        connection_id: ConnectionId,
        name: EntityName,
        table: &Table,
        settings: EntitySettings,
    ) -> Entity {
        let now = self.ports.clock.now();
        Entity {
            id: EntityId::from_uuid(self.ports.ids.next_id()),
            account_id,
            name,
            connection_id,
            table: table.table.name().to_owned(),
            settings,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn check_name(&self, name: &EntityName) -> Result<(), EntityError> {
        let is_reserved = self.reserved.contains(name.as_str());
        if is_reserved { Err(EntityError::NameReserved(name.to_string())) } else { Ok(()) }
    }

    fn event(
        &self,
        granted: Granted<DatabaseWrite>,
        action: AuditAction,
        id: EntityId,
        origin: &Origin,
    ) -> AuditEvent {
        let (event_id, now) = (self.ports.ids.next_id(), self.ports.clock.now());
        AuditEvent::new(event_id, now, granted.actor(), action, origin).about(id)
    }
}

fn not_found(name: &str) -> EntityError {
    EntityError::NotFound(name.chars().take(EntityName::MAX_CHARS).collect())
}

fn invalid(field: &str, reason: &str) -> EntityError {
    EntityError::Invalid(vec![FieldFault::new(field, reason)])
}
