//! Where the vectors of rows are kept.

use std::{fs, path::PathBuf, sync::Arc};

use altus4_http::HealthCheck;
use altus4_kernel::{IdGenerator, uuid::Uuid};
use altus4_search::VectorIndex;
use altus4_vector_hnsw::{HnswConfig, HnswVectorIndex};
use altus4_vector_qdrant::{QdrantConfig, QdrantVectorIndex};
use anyhow::{Context, Result};

use crate::{health::VectorsHealth, private_file::write_once, settings::Settings};

/// The folder below the data directory, where nothing else is said.
const FOLDER: &str = "vectors";
/// The file beside it that tells this folder from those of other nodes.
const PLACE: &str = "vectors.place";

/// The index of vectors.
pub(crate) enum Vectors {
    /// In the data directory. It is taken when it is first asked for: commands beside the service
    /// don't need it, and a service that has just been started may wait for the one before it to end.
    Folder(Arc<HnswVectorIndex>, PathBuf),
    /// In Qdrant, for all nodes that are told of the same one.
    Qdrant(Arc<QdrantVectorIndex>, Uuid),
}

impl Vectors {
    /// As the settings say. Calls nobody and makes nothing.
    ///
    /// # Errors
    /// The settings of Qdrant can't be used.
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        if let Some(qdrant) = &settings.qdrant {
            let place = Uuid::new_v5(&Uuid::NAMESPACE_URL, qdrant.url.to_string().as_bytes());
            return Ok(Self::Qdrant(Arc::new(qdrant_index(qdrant)?), place));
        }
        let config = HnswConfig::new(settings.data_dir.join(FOLDER));
        Ok(Self::Folder(Arc::new(HnswVectorIndex::new(config)), settings.data_dir.join(PLACE)))
    }

    /// The index, behind its port.
    pub(crate) fn index(&self) -> Arc<dyn VectorIndex> {
        match self {
            Self::Folder(index, _) => Arc::clone(index) as _,
            Self::Qdrant(index, _) => Arc::clone(index) as _,
        }
    }

    /// Which place that is: the same for all nodes that share it, and for no others.
    ///
    /// # Errors
    /// The data directory can't be written.
    pub(crate) fn place(&self, ids: &dyn IdGenerator) -> Result<Uuid> {
        match self {
            Self::Folder(_, file) => {
                write_once(file, ids.next_id().to_string().as_bytes())?;
                Ok(Uuid::try_parse(fs::read_to_string(file)?.trim())?)
            }
            Self::Qdrant(_, place) => Ok(*place),
        }
    }

    /// What the health routes ask: of what is in this process there is nothing to ask.
    pub(crate) fn health(&self) -> Option<Arc<dyn HealthCheck>> {
        match self {
            Self::Folder(..) => None,
            Self::Qdrant(index, _) => Some(Arc::new(VectorsHealth(Arc::clone(index)))),
        }
    }

    /// Saves what is in memory alone.
    pub(crate) async fn close(&self) {
        if let Self::Folder(index, _) = self {
            index.close().await;
        }
    }
}

/// Reaches Qdrant.
///
/// # Errors
/// It can't be reached, or doesn't take the key.
pub(crate) async fn reach_qdrant(config: &QdrantConfig) -> Result<()> {
    qdrant_index(config)?.probe().await.context("QDRANT_URL")
}

fn qdrant_index(config: &QdrantConfig) -> Result<QdrantVectorIndex> {
    QdrantVectorIndex::new(config).context("QDRANT_API_KEY")
}
