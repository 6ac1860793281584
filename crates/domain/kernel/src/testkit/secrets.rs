//! Sealed secrets in memory, and what all who keep some must do.

pub mod sealed_secrets_contract;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use crate::{AccountId, KeptSecret, PortResult, SealedPlace, SealedSecret, SealedSecrets};

/// Sealed secrets in the order of their ids. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemorySecrets(Arc<Mutex<BTreeMap<(AccountId, String), SealedSecret>>>);

fn key(place: &SealedPlace) -> (AccountId, String) {
    (place.account_id, place.id.clone())
}

impl InMemorySecrets {
    /// Keeps a secret, in the place of any that was there.
    pub fn put(&self, place: SealedPlace, sealed: SealedSecret) {
        self.kept().insert((place.account_id, place.id), sealed);
    }

    /// Removes what is kept there.
    pub fn remove(&self, place: &SealedPlace) {
        self.kept().remove(&key(place));
    }

    /// What is kept there.
    #[must_use]
    pub fn get(&self, place: &SealedPlace) -> Option<SealedSecret> {
        self.kept().get(&key(place)).cloned()
    }

    /// Everything, in its order.
    #[must_use]
    pub fn all(&self) -> Vec<(SealedPlace, SealedSecret)> {
        self.kept().iter().map(|(key, sealed)| (place(key), sealed.clone())).collect()
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<(AccountId, String), SealedSecret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place((account_id, id): &(AccountId, String)) -> SealedPlace {
    SealedPlace { account_id: *account_id, id: id.clone() }
}

#[async_trait]
impl SealedSecrets for InMemorySecrets {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let from = after.as_ref().map_or(Bound::Unbounded, |after| Bound::Excluded(key(after)));
        let kept = self.kept();
        let rest = kept.range((from, Bound::Unbounded));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let secret =
            |(key, sealed): (_, &SealedSecret)| KeptSecret { place: place(key), sealed: sealed.clone() };
        Ok(rest.take(limit).map(secret).collect())
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let mut kept = self.kept();
        let Some(sealed) = kept.get_mut(&key(place)).filter(|sealed| *sealed == old) else {
            return Ok(false);
        };
        *sealed = new.clone();
        Ok(true)
    }
}

/// What the contract of sealed secrets is tried on: secrets of one kind, none at first, and whatever
/// they need to be there (such as accounts).
#[async_trait]
pub trait SealedSecretsSubject: Send + Sync {
    /// The secrets.
    fn secrets(&self) -> &dyn SealedSecrets;

    /// Makes the thing of this number, 1 to 99, which has this secret or none, and says where it is.
    /// Where there can't be a thing without a secret, none is made.
    async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace;

    /// Removes a thing.
    async fn remove(&self, place: &SealedPlace);
}

/// One test for each case of the contract of [`SealedSecrets`]. `$make` gives a
/// [`SealedSecretsSubject`]; it may await.
#[macro_export]
macro_rules! sealed_secrets_contract {
    (block_on, $make:expr) => {
        $crate::sealed_secrets_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::sealed_secrets_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::sealed_secrets_contract],
            [
                nothing_is_listed_where_nothing_is,
                every_secret_is_listed_once_whatever_the_limit,
                what_has_no_secret_is_not_listed,
                a_list_goes_on_after_what_is_gone,
                secrets_of_any_length_survive,
                a_secret_is_replaced_and_no_other,
                a_secret_that_changed_meanwhile_stays,
                where_nothing_is_nothing_is_replaced,
                a_replaced_secret_keeps_its_turn,
            ]
        );
    };
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[async_trait]
    impl SealedSecretsSubject for InMemorySecrets {
        fn secrets(&self) -> &dyn SealedSecrets {
            self
        }

        async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace {
            let account_id = AccountId::from_uuid(Uuid::from_u128(u128::from(number % 2)));
            let place = SealedPlace { account_id, id: number.to_string() };
            if let Some(sealed) = sealed {
                self.put(place.clone(), sealed.clone());
            }
            place
        }

        async fn remove(&self, place: &SealedPlace) {
            Self::remove(self, place);
        }
    }

    crate::sealed_secrets_contract!(block_on, InMemorySecrets::default());
}
