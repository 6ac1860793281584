//! The entities of one connection, each held against the schema as it was read.

use altus4_connections::{Engine, SchemaSnapshot};

use crate::{
    Entity, EntityName,
    view::{Drift, EntityView, add_relations},
};

/// The entities of one connection, the oldest first.
#[derive(Debug)]
pub struct Shelf {
    entities: Vec<Entity>,
    views: Vec<Option<EntityView>>,
    drifts: Vec<Option<Drift>>,
}

impl Shelf {
    pub(crate) fn new(entities: Vec<Entity>, snapshot: &SchemaSnapshot, engine: Engine) -> Self {
        let mut views = Vec::with_capacity(entities.len());
        let mut drifts = Vec::with_capacity(entities.len());
        for entity in &entities {
            match EntityView::new(entity.clone(), snapshot.table(&entity.table), engine) {
                Ok(view) => {
                    views.push(Some(view));
                    drifts.push(None);
                }
                Err(drift) => {
                    views.push(None);
                    drifts.push(Some(drift));
                }
            }
        }
        add_relations(&mut views, snapshot);
        Self { entities, views, drifts }
    }

    /// The entities as they are registered.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The place of the entity of this name.
    #[must_use]
    pub fn position(&self, name: &EntityName) -> Option<usize> {
        self.entities.iter().position(|entity| entity.name == *name)
    }

    /// What an entity has become over its schema; `None` beyond the last.
    ///
    /// # Errors
    /// What the schema has no more.
    #[must_use]
    pub fn view(&self, at: usize) -> Option<Result<&EntityView, &Drift>> {
        match (self.views.get(at)?, self.drifts.get(at)?) {
            (Some(view), _) => Some(Ok(view)),
            (None, drift) => drift.as_ref().map(Err),
        }
    }

    pub(crate) fn views(&self) -> &[Option<EntityView>] {
        &self.views
    }
}
