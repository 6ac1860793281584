//! Safe retries as a service: who comes again with the same `Idempotency-Key` is answered as before.

use std::sync::Arc;

use altus4_kernel::{AccountId, Clock, SecretCipher, secrecy::SecretString};

use crate::{AnswerStore, AnswerTimes, ApiKeyError, Claim, KeyDigester, RetryKey, StoredAnswer};

/// The most characters of what a client calls a request.
const MAX_NAME_CHARS: usize = 255;

/// What came of [`SafeRetries::begin`].
#[derive(Debug)]
pub enum Begun {
    /// Nobody has asked this before: the caller does it, and then [finishes](SafeRetries::finish) or
    /// [releases](SafeRetries::release) it.
    Go(RetryKey),
    /// It was answered before: this is the answer.
    Answered {
        /// Its status.
        status: u16,
        /// Its body.
        body: SecretString,
    },
    /// The same request is being answered right now.
    UnderWay,
    /// The name stands for another request.
    Different,
}

/// Keeps first answers and gives them again. Their bodies are sealed, since they may hold a secret,
/// and bound to their account and name; of a request nothing is kept but a keyed digest.
#[derive(Clone)]
pub struct SafeRetries {
    store: Arc<dyn AnswerStore>,
    digester: Arc<dyn KeyDigester>,
    cipher: Arc<dyn SecretCipher>,
    clock: Arc<dyn Clock>,
    times: AnswerTimes,
}

impl SafeRetries {
    /// The service over these ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn AnswerStore>,
        digester: Arc<dyn KeyDigester>,
        cipher: Arc<dyn SecretCipher>,
        clock: Arc<dyn Clock>,
        times: AnswerTimes,
    ) -> Self {
        Self { store, digester, cipher, clock, times }
    }

    /// Begins a request that its client calls `name`. `request_text` is everything that makes it this
    /// request: its method, path, query and body, told apart beyond doubt.
    ///
    /// # Errors
    /// [`ApiKeyError::InvalidRetryName`]; those of the store, and of an answer that can't be opened
    /// any more.
    pub async fn begin(
        &self,
        account_id: AccountId,
        name: &str,
        request_text: &SecretString,
    ) -> Result<Begun, ApiKeyError> {
        if !is_name(name) {
            return Err(ApiKeyError::InvalidRetryName);
        }
        let key = RetryKey { account_id, name: name.to_owned() };
        let now = self.clock.now();
        // After a change of the server's secret the first try may lie under an older one.
        for stored in self.digester.accepted(request_text) {
            match self.store.claim(&key, stored.digest, now, self.times).await? {
                Claim::Granted => return Ok(Begun::Go(key)),
                Claim::Answered(StoredAnswer { status, body }) => {
                    let body = self.cipher.open(&body, &binding(key.account_id, &key.name))?;
                    return Ok(Begun::Answered { status, body });
                }
                Claim::UnderWay => return Ok(Begun::UnderWay),
                Claim::Different => {}
            }
        }
        Ok(Begun::Different)
    }

    /// Keeps the answer to a request, if it is one that doing it again would give again; else lets the
    /// next try do it all.
    ///
    /// # Errors
    /// Those of the store and the cipher. The request stays under way then, until its lease ends.
    pub async fn finish(&self, key: &RetryKey, status: u16, body: &SecretString) -> Result<(), ApiKeyError> {
        if !is_final(status) {
            return self.release(key).await;
        }
        let answer =
            StoredAnswer { status, body: self.cipher.seal(body, &binding(key.account_id, &key.name))? };
        Ok(self.store.keep(key, &answer).await?)
    }

    /// Gives a request up: the next try does it all.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn release(&self, key: &RetryKey) -> Result<(), ApiKeyError> {
        Ok(self.store.release(key).await?)
    }

    /// Removes the answers whose time is over, and tells how many there were.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn purge(&self) -> Result<u64, ApiKeyError> {
        Ok(self.store.purge(self.clock.now() - self.times.lifetime).await?)
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether an answer says something about the request, rather than about who called, when, and how
/// the service was.
fn is_final(status: u16) -> bool {
    status < 500 && !matches!(status, 401 | 403 | 408 | 429)
}

/// Where a sealed answer belongs. An account's id has one length, so no two places share a text.
pub(crate) fn binding(account_id: AccountId, name: &str) -> String {
    format!("answer:{account_id}:{name}")
}

#[cfg(test)]
mod tests;
