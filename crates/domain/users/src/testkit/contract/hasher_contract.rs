//! The cases of the [`PasswordHasher`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_kernel::{PortErrorKind, secrecy::SecretString};

use crate::{PasswordHash, PasswordHasher, PasswordVerdict};

/// A password matches its hash; no other does, however alike.
pub async fn a_password_matches_its_own_hash_alone(hasher: &dyn PasswordHasher) {
    let longest = "ü".repeat(128);
    for text in ["correct horse", "pässwörd 🦀", " ", &longest] {
        let hash = hasher.hash(&SecretString::from(text)).await.expect("hash");
        let verdict = hasher.verify(&SecretString::from(text), Some(hash.clone())).await.expect("verify");
        assert_eq!(verdict, PasswordVerdict::Match, "{text}");
        for other in [format!("{text} "), text.to_uppercase() + "x", String::new()] {
            let verdict =
                hasher.verify(&SecretString::from(other), Some(hash.clone())).await.expect("verify");
            assert_eq!(verdict, PasswordVerdict::Mismatch, "{text}");
        }
    }
}

/// Without a hash every password is wrong.
pub async fn nothing_matches_where_there_is_no_hash(hasher: &dyn PasswordHasher) {
    for text in ["", "correct horse"] {
        let verdict = hasher.verify(&SecretString::from(text), None).await.expect("verify");
        assert_eq!(verdict, PasswordVerdict::Mismatch);
    }
}

/// A hash that can't be read is told apart from a wrong password.
pub async fn an_unreadable_hash_is_corrupt(hasher: &dyn PasswordHasher) {
    for text in ["", "no hash", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$!!$!!"] {
        let verdict = hasher.verify(&SecretString::from("x"), Some(PasswordHash::new(text))).await;
        assert_eq!(verdict.expect_err("corrupt").kind, PortErrorKind::Corrupt, "{text}");
    }
}
