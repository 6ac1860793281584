//! Changing the master key: what lies sealed under an older one is sealed anew, a batch at a time.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;

use crate::{AccountId, KeyStanding, MasterKey, PortErrorKind, PortResult, SealedSecret, SecretCipher};

/// Where a sealed secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SealedPlace {
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// What it is the secret of, by a name that no other thing of its kind and account has.
    pub id: String,
}

/// The id, and whose it is.
impl fmt::Display for SealedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of account {}", self.id, self.account_id)
    }
}

/// A sealed secret in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSecret {
    /// Where it is.
    pub place: SealedPlace,
    /// The secret.
    pub sealed: SealedSecret,
}

/// The sealed secrets of one kind, those of all accounts: for changing the master key, and for
/// nothing else.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SealedSecrets: Send + Sync {
    /// At most `limit` secrets, from the first one on or from the one that comes after a place,
    /// whether anything is there any more or not. Their order is the same at every call, so whoever
    /// goes on after the last of a list MUST meet every secret that is there all the time.
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>>;

    /// Keeps `new` where `old` is kept, and changes nothing else. `false` where something else is
    /// kept by now, or nothing. What was put there meanwhile MUST stay, also when calls come at once.
    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool>;
}

/// What came of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many were sealed anew.
    pub resealed: u64,
    /// How many were left alone, since they are under the newest key.
    pub already_newest: u64,
    /// How many were changed or removed by somebody else while they were being sealed anew. What is
    /// there now was not looked at.
    pub overtaken: u64,
    /// Those that can't be opened: their key is not known, or they were changed. They are left as
    /// they are.
    pub unopened: Vec<SealedPlace>,
    /// After which place the next batch begins; `None` when this was the last.
    pub last: Option<SealedPlace>,
}

/// How many secrets lie under which key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Under `None`: those of a form that no key has.
    pub under: BTreeMap<Option<MasterKey>, u64>,
    /// After which place the next batch begins; `None` when this was the last.
    pub last: Option<SealedPlace>,
}

/// Seals the secrets of one kind anew, while they are in use.
///
/// Every secret is opened and sealed by itself, and stored only if it is still what was opened. So
/// this may be broken off anywhere and begun again, run twice at once, and run beside a service that
/// changes secrets; and of a change that comes in between it is the change that stays. All of this
/// as long as whoever reads knows the newest key and the older ones.
#[derive(Clone)]
pub struct Rotation {
    secrets: Arc<dyn SealedSecrets>,
    cipher: Arc<dyn SecretCipher>,
    binding: fn(&SealedPlace) -> String,
}

impl Rotation {
    /// The rotation of these secrets, each bound to what `binding` makes of its place.
    #[must_use]
    pub fn new(
        secrets: Arc<dyn SealedSecrets>,
        cipher: Arc<dyn SecretCipher>,
        binding: fn(&SealedPlace) -> String,
    ) -> Self {
        Self { secrets, cipher, binding }
    }

    /// Seals anew what of the next `limit` secrets is not under the newest key.
    ///
    /// # Errors
    /// Those of the store, and of a cipher that can't seal. What was done until then stays done.
    pub async fn reseal(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Resealed> {
        let (batch, last) = self.batch(after, limit).await?;
        let mut done = Resealed { last, ..Resealed::default() };
        for KeptSecret { place, sealed } in batch {
            match self.sealed_anew(&place, &sealed)? {
                Anew::Newest => done.already_newest += 1,
                Anew::Unopened => done.unopened.push(place),
                Anew::Sealed(new) if self.secrets.replace(&place, &sealed, &new).await? => done.resealed += 1,
                Anew::Sealed(_) => done.overtaken += 1,
            }
        }
        Ok(done)
    }

    /// What [`Rotation::reseal`] would do now. Everything is opened that it would open, and nothing
    /// is stored.
    ///
    /// # Errors
    /// As [`Rotation::reseal`].
    pub async fn rehearse(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Resealed> {
        let (batch, last) = self.batch(after, limit).await?;
        let mut found = Resealed { last, ..Resealed::default() };
        for KeptSecret { place, sealed } in batch {
            match self.sealed_anew(&place, &sealed)? {
                Anew::Newest => found.already_newest += 1,
                Anew::Unopened => found.unopened.push(place),
                Anew::Sealed(_) => found.resealed += 1,
            }
        }
        Ok(found)
    }

    /// Under which keys the next `limit` secrets lie. Nothing is opened.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn survey(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Survey> {
        let (batch, last) = self.batch(after, limit).await?;
        let mut found = Survey { last, ..Survey::default() };
        for kept in batch {
            *found.under.entry(self.cipher.sealed_under(&kept.sealed)).or_default() += 1;
        }
        Ok(found)
    }

    /// The next secrets, and where to go on after them.
    async fn batch(
        &self,
        after: Option<SealedPlace>,
        limit: u32,
    ) -> PortResult<(Vec<KeptSecret>, Option<SealedPlace>)> {
        let batch = self.secrets.list_after(after, limit).await?;
        let is_full = u32::try_from(batch.len()).is_ok_and(|count| count >= limit);
        let last = batch.last().filter(|_| is_full).map(|kept| kept.place.clone());
        Ok((batch, last))
    }

    fn sealed_anew(&self, place: &SealedPlace, sealed: &SealedSecret) -> PortResult<Anew> {
        let under = self.cipher.sealed_under(sealed);
        if under.is_some_and(|key| key.standing == KeyStanding::Newest) {
            return Ok(Anew::Newest);
        }
        let binding = (self.binding)(place);
        match self.cipher.open(sealed, &binding) {
            Ok(secret) => Ok(Anew::Sealed(self.cipher.seal(&secret, &binding)?)),
            Err(error) if error.kind == PortErrorKind::Corrupt => Ok(Anew::Unopened),
            Err(error) => Err(error),
        }
    }
}

/// What becomes of a secret.
enum Anew {
    Newest,
    Sealed(SealedSecret),
    Unopened,
}

#[cfg(all(test, feature = "testkit"))]
mod tests;
