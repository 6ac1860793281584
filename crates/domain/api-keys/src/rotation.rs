//! What is sealed of keys and answers, under another master key.

use std::sync::Arc;

use altus4_kernel::{Rotation, SealedSecrets, SecretCipher};

use crate::{retries, service::secret_binding};

/// Seals the secrets of recoverable keys anew.
#[must_use]
pub fn secret_rotation(secrets: Arc<dyn SealedSecrets>, cipher: Arc<dyn SecretCipher>) -> Rotation {
    Rotation::new(secrets, cipher, |place| secret_binding(&place.id))
}

/// Seals the answers that are kept for retries anew.
#[must_use]
pub fn answer_rotation(answers: Arc<dyn SealedSecrets>, cipher: Arc<dyn SecretCipher>) -> Rotation {
    Rotation::new(answers, cipher, |place| retries::binding(place.account_id, &place.id))
}
