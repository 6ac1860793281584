//! Where vectors are kept, if not in the data directory.

use altus4_kernel::secrecy::SecretString;
use altus4_vector_qdrant::{QdrantConfig, QdrantUrl, QdrantUrlFault};

use super::{
    reader::Reader,
    variable::{QDRANT_API_KEY, QDRANT_URL},
};

/// The Qdrant that is given. A key without an address opens nothing.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<QdrantConfig> {
    let url = reader.given(&QDRANT_URL, url);
    let key = reader.given(&QDRANT_API_KEY, key);
    Some(QdrantConfig::new(url?, key))
}

fn url(text: &str) -> Result<QdrantUrl, String> {
    text.parse().map_err(|fault: QdrantUrlFault| fault.to_string())
}

fn key(text: &str) -> Result<SecretString, String> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible { Ok(text.into()) } else { Err("has characters that no key has".to_owned()) }
}
