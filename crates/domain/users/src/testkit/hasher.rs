//! A password hasher that is fast and hides nothing.

use altus4_kernel::{
    PortError, PortErrorKind, PortResult, System,
    secrecy::{ExposeSecret, SecretString},
};
use async_trait::async_trait;

use crate::{PasswordHash, PasswordHasher, PasswordVerdict};

const PREFIX: &str = "$fake$";

/// "Hashes" a password by writing it down: for tests alone. A hash that begins with `$outdated` in
/// place of `$fake` is taken for one of weaker settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakePasswordHasher;

#[async_trait]
impl PasswordHasher for FakePasswordHasher {
    async fn hash(&self, password: &SecretString) -> PortResult<PasswordHash> {
        Ok(PasswordHash::new(format!("{PREFIX}{}", password.expose_secret())))
    }

    async fn verify(
        &self,
        password: &SecretString,
        hash: Option<PasswordHash>,
    ) -> PortResult<PasswordVerdict> {
        let Some(hash) = hash else {
            return Ok(PasswordVerdict::Mismatch);
        };
        let phc = hash.expose();
        let (written, matching) = if let Some(written) = phc.strip_prefix(PREFIX) {
            (written, PasswordVerdict::Match)
        } else if let Some(written) = phc.strip_prefix("$outdated$") {
            (written, PasswordVerdict::MatchButOutdated)
        } else {
            return Err(PortError::new(PortErrorKind::Corrupt, System::Crypto, "passwords.verify"));
        };
        Ok(if written == password.expose_secret() { matching } else { PasswordVerdict::Mismatch })
    }
}
