//! Password hashes.

use std::{fmt, sync::Arc};

use altus4_kernel::{
    PortError, PortErrorKind, PortResult, RandomSource,
    secrecy::{ExposeSecret, SecretString},
};
use altus4_users::{PasswordHash, PasswordHasher, PasswordVerdict};
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Error, phc},
};
use async_trait::async_trait;
use tokio::{sync::Semaphore, task};

use crate::{Argon2Config, HasherFault, SystemRandomSource, error::crypto};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What argon2 is asked for at the most, by settings or by a stored hash: one damaged row must not
/// take the whole memory.
pub(crate) mod limits {
    pub(crate) const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    pub(crate) const MAX_ITERATIONS: u32 = 100;
    pub(crate) const MAX_LANES: u32 = 64;
}

/// Argon2id (RFC 9106), written as PHC strings with a random salt of 128 bits. Hashes run on the
/// runtime's blocking threads; needs a tokio runtime.
pub struct Argon2PasswordHasher {
    argon2: Argon2<'static>,
    /// Compared with when there is no account; nobody knows a password for it.
    stand_in: phc::PasswordHash,
    /// One permit for each call that runs or waits.
    admitted: Arc<Semaphore>,
    /// One permit for each hash that runs.
    running: Arc<Semaphore>,
}

impl Argon2PasswordHasher {
    /// A hasher with these settings.
    ///
    /// # Errors
    /// [`HasherFault`] when argon2 doesn't know such settings, or when the machine gives no
    /// randomness.
    pub fn new(config: Argon2Config) -> Result<Self, HasherFault> {
        let Argon2Config { memory_kib, iterations, parallelism, max_concurrent, max_waiting } = config;
        let params = Params::new(memory_kib, iterations, parallelism, Some(HASH_BYTES))
            .ok()
            .filter(is_in_proportion)
            .ok_or(HasherFault::Settings { memory_kib, iterations, parallelism })?;
        if max_concurrent == 0 {
            return Err(HasherFault::NoConcurrency);
        }
        let max_concurrent = max_concurrent.min(Semaphore::MAX_PERMITS);
        let max_admitted = max_concurrent.saturating_add(max_waiting).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            stand_in: stand_in(&params).map_err(HasherFault::StandIn)?,
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            admitted: Arc::new(Semaphore::new(max_admitted)),
            running: Arc::new(Semaphore::new(max_concurrent)),
        })
    }

    /// Runs `work` on a blocking thread when its turn comes. It keeps its turn to the end also when
    /// the caller has gone away meanwhile, since the thread and the memory stay taken.
    async fn in_turn<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Argon2<'_>) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|full| crypto(PortErrorKind::Unavailable, operation).with_source(full))?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|closed| crypto(PortErrorKind::Unexpected, operation).with_source(closed))?;
        let argon2 = self.argon2.clone();
        let done = task::spawn_blocking(move || {
            let result = work(&argon2);
            drop((running, admitted));
            result
        });
        done.await.unwrap_or_else(|error| {
            let kind =
                if error.is_cancelled() { PortErrorKind::Unavailable } else { PortErrorKind::Unexpected };
            Err(crypto(kind, operation).with_source(error))
        })
    }
}

#[async_trait]
impl PasswordHasher for Argon2PasswordHasher {
    async fn hash(&self, password: &SecretString) -> PortResult<PasswordHash> {
        const OPERATION: &str = "password_hasher.hash";
        let mut salt = [0; SALT_BYTES];
        SystemRandomSource.fill(&mut salt)?;
        let password = password.clone();
        self.in_turn(OPERATION, move |argon2| {
            let hash = argon2
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map_err(|error| failed(error, PortErrorKind::Unexpected, OPERATION))?;
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    async fn verify(
        &self,
        password: &SecretString,
        hash: Option<PasswordHash>,
    ) -> PortResult<PasswordVerdict> {
        let exists = hash.is_some();
        let hash = match hash {
            Some(hash) => parse(hash.expose())?,
            None => self.stand_in.clone(),
        };
        let password = password.clone();
        let verdict = self
            .in_turn(VERIFY, move |argon2| compare(argon2, password.expose_secret().as_bytes(), &hash))
            .await?;
        Ok(if exists { verdict } else { PasswordVerdict::Mismatch })
    }
}

/// The settings alone.
impl fmt::Debug for Argon2PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2PasswordHasher").field("params", self.argon2.params()).finish_non_exhaustive()
    }
}

const VERIFY: &str = "password_hasher.verify";

/// A hash that costs as much to compare with as today's, and that no password gives.
fn stand_in(params: &Params) -> PortResult<phc::PasswordHash> {
    let unexpected = || crypto(PortErrorKind::Unexpected, "password_hasher.new");
    let mut salt = [0; SALT_BYTES];
    let mut hash = [0; HASH_BYTES];
    SystemRandomSource.fill(&mut salt)?;
    SystemRandomSource.fill(&mut hash)?;
    Ok(phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(params).map_err(|error| unexpected().with_source(error))?,
        salt: Some(phc::Salt::new(&salt).map_err(|error| unexpected().with_source(error))?),
        hash: Some(phc::Output::new(&hash).map_err(|error| unexpected().with_source(error))?),
    })
}

/// A stored hash, if it is one that this hasher makes.
fn parse(text: &str) -> PortResult<phc::PasswordHash> {
    let hash = phc::PasswordHash::new(text).map_err(|error| corrupt().with_source(error))?;
    // The crate would put its own settings in place of those that are missing.
    let is_complete =
        |params: &Params| phc::ParamsString::try_from(params).is_ok_and(|written| written == hash.params);
    let is_ours = hash.algorithm == ARGON2ID_IDENT
        && hash.version == Some(Version::V0x13.into())
        && hash.salt.is_some()
        && hash.hash.is_some()
        && Params::try_from(&hash).is_ok_and(|params| is_in_proportion(&params) && is_complete(&params));
    if is_ours { Ok(hash) } else { Err(corrupt()) }
}

fn compare(argon2: &Argon2<'_>, password: &[u8], hash: &phc::PasswordHash) -> PortResult<PasswordVerdict> {
    match argon2.verify_password(password, hash) {
        Ok(()) if is_outdated(hash, argon2.params()) => Ok(PasswordVerdict::MatchButOutdated),
        Ok(()) => Ok(PasswordVerdict::Match),
        Err(Error::PasswordInvalid) => Ok(PasswordVerdict::Mismatch),
        Err(error) => Err(failed(error, PortErrorKind::Corrupt, VERIFY)),
    }
}

/// Whether any of what made the hash is weaker than today's.
fn is_outdated(hash: &phc::PasswordHash, today: &Params) -> bool {
    let Ok(then) = Params::try_from(hash) else { return true };
    then.m_cost() < today.m_cost()
        || then.t_cost() < today.t_cost()
        || then.p_cost() < today.p_cost()
        || hash.hash.as_ref().is_none_or(|output| output.len() < HASH_BYTES)
        || hash.salt.as_ref().is_none_or(|salt| salt.len() < SALT_BYTES)
}

fn is_in_proportion(params: &Params) -> bool {
    params.m_cost() <= limits::MAX_MEMORY_KIB
        && params.t_cost() <= limits::MAX_ITERATIONS
        && params.p_cost() <= limits::MAX_LANES
}

fn corrupt() -> PortError {
    crypto(PortErrorKind::Corrupt, VERIFY)
}

/// An error of argon2: want of memory passes, whatever else it may be is of `kind`.
fn failed(error: Error, kind: PortErrorKind, operation: &'static str) -> PortError {
    let kind = if error == Error::OutOfMemory { PortErrorKind::Unavailable } else { kind };
    crypto(kind, operation).with_source(error)
}

#[cfg(test)]
mod tests;
