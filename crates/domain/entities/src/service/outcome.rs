//! What an adapter answered, in the entity's own names.

use super::{Desk, EntityService};
use crate::{EntityError, EntityView, Missing, RecordsError, RefusedRecord};

impl EntityService {
    /// The error as the caller is told it. Where the schema turned out to be another, it is read anew,
    /// so that the next request goes by what is there.
    pub(super) async fn told(&self, desk: &Desk, error: RecordsError) -> EntityError {
        let view = match desk.view() {
            Ok(view) => view,
            Err(error) => return error,
        };
        match error {
            RecordsError::Refused(refusal, source) => {
                let offered = |column: &String| view.field_of(column).map(|field| field.name.to_string());
                let refused = RefusedRecord {
                    entity: view.entity.name.to_string(),
                    kind: refusal.kind,
                    row: refusal.row,
                    fields: refusal.columns.iter().filter_map(offered).collect(),
                };
                EntityError::Refused(refused, source)
            }
            RecordsError::SchemaChanged(missing, source) => {
                // Whether or not it can be read now.
                let _ = self.ports.connections.read_schema(&desk.target, true).await;
                EntityError::SchemaChanged(told_missing(view, &missing), source)
            }
            RecordsError::NotPermitted(error) => EntityError::NotPermitted(error),
            RecordsError::TooLarge => EntityError::TooLarge,
            RecordsError::Busy(error) => EntityError::Busy(error),
            RecordsError::Port(error) => EntityError::Port(error),
        }
    }
}

/// What is missing, without the name of anything that isn't offered.
fn told_missing(view: &EntityView, missing: &Missing) -> String {
    let what = match missing {
        Missing::Table(name) if *name == view.entity.table => format!("the table '{name}'"),
        Missing::Column(name) => match view.field_of(name) {
            Some(field) => format!("the column '{name}' of the field '{}'", field.name),
            None => "a column".to_owned(),
        },
        Missing::Index(_) => "a full-text index".to_owned(),
        Missing::Table(_) | Missing::Unnamed => "something that a relation goes over".to_owned(),
    };
    format!("the schema has changed: {what} is not there any more; the metadata has been read anew")
}
