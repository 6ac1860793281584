//! What lies sealed in the store, kind by kind, for the command line.

use std::sync::Arc;

use altus4_api_keys::{answer_rotation, secret_rotation};
use altus4_connections::password_rotation;
use altus4_crypto::{AesGcmSecretCipher, SystemRandomSource};
use altus4_kernel::Rotation;
use altus4_store_sql::SqlStore;
use anyhow::{Result, bail};

use super::open_store;
use crate::{secrets::encryption_keys, settings::Settings};

/// Sealed secrets of one kind.
pub(crate) struct SealedKind {
    /// What they are, in the plural.
    pub(crate) name: &'static str,
    /// What each belongs to.
    pub(crate) owner: &'static str,
    pub(crate) rotation: Rotation,
}

/// Everything that is sealed, and the keys that can open it.
pub(crate) struct SealedThings {
    pub(crate) kinds: [SealedKind; 3],
    /// The ids of the keys, newest first.
    pub(crate) key_ids: Vec<String>,
    store: SqlStore,
}

/// Opens a store that is there and up to date; makes and changes nothing.
///
/// # Errors
/// There is no store, or none that this version can use; or no key.
pub(crate) async fn sealed_things(settings: Settings) -> Result<SealedThings> {
    if let Some(file) = settings.store.file().filter(|file| !file.exists()) {
        bail!("there is no store at {} yet", file.display());
    }
    let store = open_store(&settings).await?;
    let keys = encryption_keys(settings.secrets.encryption, &settings.data_dir)?;
    let key_ids = keys.iter().map(|key| key.id.clone()).collect();
    let cipher = Arc::new(AesGcmSecretCipher::new(keys, Arc::new(SystemRandomSource))?);

    let status = store.migration_status().await?;
    if !status.unknown.is_empty() {
        bail!("the store was brought up to date by a newer version of this program: use that one");
    }
    if !status.pending.is_empty() {
        bail!("the store is not up to date: run `altus4 migrate up` first");
    }
    let kinds = [
        SealedKind {
            name: "connection passwords",
            owner: "connection",
            rotation: password_rotation(store.sealed_passwords(), cipher.clone()),
        },
        SealedKind {
            name: "API key secrets",
            owner: "API key",
            rotation: secret_rotation(store.sealed_key_secrets(), cipher.clone()),
        },
        SealedKind {
            name: "kept answers",
            owner: "answer",
            rotation: answer_rotation(store.sealed_answers(), cipher),
        },
    ];
    Ok(SealedThings { kinds, key_ids, store })
}

impl SealedThings {
    /// Closes the store.
    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}
