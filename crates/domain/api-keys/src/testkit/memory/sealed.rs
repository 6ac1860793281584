//! What is sealed of keys and answers in memory.

use altus4_kernel::{KeptSecret, PortResult, SealedPlace, SealedSecret, SealedSecrets};
use async_trait::async_trait;

use super::{InMemoryAnswers, InMemoryApiKeys, Row};
use crate::RetryKey;

/// The next `limit` secrets after a place, by account and id.
fn next(mut kept: Vec<KeptSecret>, after: Option<&SealedPlace>, limit: u32) -> Vec<KeptSecret> {
    let order = |place: &SealedPlace| (place.account_id, place.id.clone());
    kept.retain(|kept| after.is_none_or(|after| order(&kept.place) > order(after)));
    kept.sort_by_key(|kept| order(&kept.place));
    kept.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    kept
}

/// Puts `new` in the place of `old`.
fn exchange(kept: Option<&mut SealedSecret>, old: &SealedSecret, new: &SealedSecret) -> bool {
    kept.filter(|kept| *kept == old).map(|kept| *kept = new.clone()).is_some()
}

fn place_of(row: &Row) -> SealedPlace {
    SealedPlace { account_id: row.key.account_id, id: row.key.id.to_string() }
}

/// The secrets of recoverable keys.
#[async_trait]
impl SealedSecrets for InMemoryApiKeys {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let kept = |row: &Row| Some(KeptSecret { place: place_of(row), sealed: row.secret.sealed.clone()? });
        Ok(next(self.rows().keys.iter().filter_map(kept).collect(), after.as_ref(), limit))
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let mut rows = self.rows();
        let row = rows.keys.iter_mut().find(|row| place_of(row) == *place);
        Ok(exchange(row.and_then(|row| row.secret.sealed.as_mut()), old, new))
    }
}

/// The bodies of answers.
#[async_trait]
impl SealedSecrets for InMemoryAnswers {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let answers = self.kept();
        let bodies = answers.iter().filter_map(|(key, kept)| {
            let place = SealedPlace { account_id: key.account_id, id: key.name.clone() };
            Some(KeptSecret { place, sealed: kept.answer.as_ref()?.body.clone() })
        });
        Ok(next(bodies.collect(), after.as_ref(), limit))
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let key = RetryKey { account_id: place.account_id, name: place.id.clone() };
        let mut answers = self.kept();
        let answer = answers.get_mut(&key).and_then(|kept| kept.answer.as_mut());
        Ok(exchange(answer.map(|answer| &mut answer.body), old, new))
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{
        AccountId, ApiKeyId, Clock, Plan, Role,
        testkit::{FixedClock, SealedSecretsSubject, sample_event},
        uuid::Uuid,
    };

    use super::*;
    use crate::{
        AnswerStore, AnswerTimes, ApiKeyRepository, KeyDigest, StoredAnswer, StoredSecret,
        testkit::{sample_key, sample_secret},
    };

    fn account(number: u8) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(1 + u128::from(number % 2)))
    }

    #[async_trait]
    impl SealedSecretsSubject for InMemoryApiKeys {
        fn secrets(&self) -> &dyn SealedSecrets {
            self
        }

        async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace {
            let account_id = account(number);
            self.add_account(account_id, Role::User, Plan::Pro);
            let key = sample_key(number.into(), account_id);
            let secret = StoredSecret { sealed: sealed.cloned(), ..sample_secret(number) };
            self.insert(&key, &secret, &sample_event(number.into(), account_id)).await.expect("insert");
            SealedPlace { account_id, id: key.id.to_string() }
        }

        async fn remove(&self, place: &SealedPlace) {
            let id: ApiKeyId = place.id.parse().expect("an id");
            let event = sample_event(1_000 + id.as_uuid().as_u128(), place.account_id);
            let now = FixedClock::default().now();
            let revoked = self.revoke(place.account_id, id, now, &event).await.expect("revoke");
            assert_eq!(revoked, Some(now));
        }
    }

    #[async_trait]
    impl SealedSecretsSubject for InMemoryAnswers {
        fn secrets(&self) -> &dyn SealedSecrets {
            self
        }

        async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace {
            let key = RetryKey { account_id: account(number), name: format!("request {number}") };
            let now = FixedClock::default().now();
            self.claim(&key, KeyDigest([1; 32]), now, AnswerTimes::default()).await.expect("claim");
            if let Some(body) = sealed {
                let answer = StoredAnswer { status: 201, body: body.clone() };
                self.keep(&key, &answer).await.expect("keep");
            }
            SealedPlace { account_id: key.account_id, id: key.name }
        }

        async fn remove(&self, place: &SealedPlace) {
            self.forget(&RetryKey { account_id: place.account_id, name: place.id.clone() });
        }
    }

    mod keys {
        altus4_kernel::sealed_secrets_contract!(block_on, crate::testkit::InMemoryApiKeys::default());
    }

    mod answers {
        altus4_kernel::sealed_secrets_contract!(block_on, crate::testkit::InMemoryAnswers::default());
    }
}
