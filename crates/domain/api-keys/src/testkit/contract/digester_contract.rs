//! The cases of the [`KeyDigester`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use std::collections::HashSet;

use altus4_kernel::secrecy::SecretString;

use crate::KeyDigester;

/// There is always an accepted digest, and the first is the one that new keys are stored under.
pub async fn the_digest_under_the_newest_secret_comes_first(digester: &dyn KeyDigester) {
    let secret = SecretString::from("altus4_sk_test_x");
    assert_eq!(digester.accepted(&secret).first(), Some(&digester.digest(&secret)));
}

/// A secret shown again is found again.
pub async fn equal_secrets_have_equal_digests(digester: &dyn KeyDigester) {
    let secret = SecretString::from("altus4_sk_test_x");
    assert_eq!(digester.digest(&secret), digester.digest(&secret));
    assert_eq!(digester.accepted(&secret), digester.accepted(&secret));
}

/// No two secrets share a digest, nor does one secret under two of the server's.
pub async fn different_secrets_have_different_digests(digester: &dyn KeyDigester) {
    let texts = ["", "altus4_sk_test_x", "altus4_sk_test_X", "altus4_sk_test_x ", "altus4_sk_test_y"];
    let accepted: Vec<_> =
        texts.iter().flat_map(|text| digester.accepted(&SecretString::from(*text))).collect();
    let distinct: HashSet<_> = accepted.iter().map(|stored| stored.digest).collect();
    assert_eq!(distinct.len(), accepted.len());
}
