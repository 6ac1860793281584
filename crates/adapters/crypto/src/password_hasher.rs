//! Password hashes.

mod turns;

use std::fmt;

use self::turns::{Memory, Turns};
use crate::{Argon2Config, HasherFault, SystemRandomSource, error::crypto};
use altus4_kernel::{
    PortError, PortErrorKind, PortResult, RandomSource,
    secrecy::{ExposeSecret, SecretString},
};
use altus4_users::{PasswordHash, PasswordHasher, PasswordVerdict};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version, password_hash::phc};
use async_trait::async_trait;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What argon2 is asked for at the most, by settings or by a stored hash: one damaged row must not
/// take the whole memory.
pub(crate) mod limits {
    pub(crate) const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    pub(crate) const MAX_ITERATIONS: u32 = 100;
    pub(crate) const MAX_LANES: u32 = 64;
}

/// Argon2id (RFC 9106), written as PHC strings with a random salt of 128 bits. Hashes run on threads
/// of their own, which yield to all others.
pub struct Argon2PasswordHasher {
    /// Today's settings.
    params: Params,
    /// Compared with when there is no account; nobody knows a password for it.
    stand_in: phc::PasswordHash,
    turns: Turns,
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
        Ok(Self {
            stand_in: random_hash(&params).map_err(HasherFault::StandIn)?,
            params,
            turns: Turns::new(max_concurrent, max_waiting),
        })
    }
}

#[async_trait]
impl PasswordHasher for Argon2PasswordHasher {
    async fn hash(&self, password: &SecretString) -> PortResult<PasswordHash> {
        let (params, password) = (self.params.clone(), password.clone());
        let work = move |memory: &mut Memory| {
            let made = random_hash(&params)?;
            let output = digest(&params, &password, &made, memory, HASH)?;
            Ok(PasswordHash::new(phc::PasswordHash { hash: Some(output), ..made }.to_string()))
        };
        self.turns.take(HASH, work).await
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
        let (today, password) = (self.params.clone(), password.clone());
        let compare = move |memory: &mut Memory| compare(&today, &password, &hash, memory);
        let verdict = self.turns.take(VERIFY, compare).await?;
        Ok(if exists { verdict } else { PasswordVerdict::Mismatch })
    }
}

/// The settings alone.
impl fmt::Debug for Argon2PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2PasswordHasher").field("params", &self.params).finish_non_exhaustive()
    }
}

const HASH: &str = "password_hasher.hash";
const VERIFY: &str = "password_hasher.verify";

/// A hash that costs as much to compare with as one made now, and that no password gives.
fn random_hash(params: &Params) -> PortResult<phc::PasswordHash> {
    let unexpected = || crypto(PortErrorKind::Unexpected, HASH);
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

fn compare(
    today: &Params,
    password: &SecretString,
    hash: &phc::PasswordHash,
    memory: &mut Memory,
) -> PortResult<PasswordVerdict> {
    let params = Params::try_from(hash).map_err(|error| corrupt().with_source(error))?;
    let output = digest(&params, password, hash, memory, VERIFY)?;
    // Outputs are compared in constant time.
    Ok(match (hash.hash == Some(output), is_outdated(hash, today)) {
        (false, _) => PasswordVerdict::Mismatch,
        (true, true) => PasswordVerdict::MatchButOutdated,
        (true, false) => PasswordVerdict::Match,
    })
}

/// The output of argon2 for this password with the salt and of the length of `like`.
fn digest(
    params: &Params,
    password: &SecretString,
    like: &phc::PasswordHash,
    memory: &mut Memory,
    operation: &'static str,
) -> PortResult<phc::Output> {
    let (Some(salt), Some(length)) = (&like.salt, like.hash.as_ref().map(phc::Output::len)) else {
        return Err(crypto(PortErrorKind::Corrupt, operation));
    };
    let mut output = [0; phc::Output::MAX_LENGTH];
    let output = &mut output[..length];
    let memory = memory.blocks(params.block_count(), operation)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.expose_secret().as_bytes(), salt.as_ref(), output, memory)
        .map_err(|error| crypto(PortErrorKind::Corrupt, operation).with_source(error))?;
    phc::Output::new(output).map_err(|error| crypto(PortErrorKind::Unexpected, operation).with_source(error))
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

#[cfg(test)]
mod tests;
