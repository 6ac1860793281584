//! JSON in a column.

use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::Fault;

pub(crate) fn written<T: Serialize>(document: &T) -> Result<String, Fault> {
    serde_json::to_string(document).map_err(|error| Fault::Db(DbErr::Custom(error.to_string())))
}

/// The document in `column`.
pub(crate) fn read<T: DeserializeOwned>(document: &str, column: &'static str) -> Result<T, Fault> {
    serde_json::from_str(document).map_err(|_| Fault::Corrupt(column))
}
