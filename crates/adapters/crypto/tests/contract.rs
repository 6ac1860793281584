//! What every implementation of these ports must do.

use std::sync::Arc;

use altus4_crypto::{
    AesGcmSecretCipher, Argon2Config, Argon2PasswordHasher, HmacKeyDigester, JwtConfig, JwtTokenIssuer,
    NamedKey, SystemRandomSource,
};
use altus4_kernel::RandomSource;

/// Two keys, as during a rotation.
fn keys() -> Vec<NamedKey> {
    ["new", "old"]
        .into_iter()
        .map(|id| {
            let mut bytes = vec![0; 32];
            SystemRandomSource.fill(&mut bytes).expect("randomness");
            NamedKey { id: id.to_owned(), bytes: bytes.into() }
        })
        .collect()
}

mod password_hasher {
    use super::*;

    /// Quick rather than strong.
    const CONFIG: Argon2Config =
        Argon2Config { memory_kib: 64, iterations: 1, parallelism: 1, max_concurrent: 2, max_waiting: 10 };

    altus4_users::password_hasher_contract!(
        tokio::test,
        Argon2PasswordHasher::new(CONFIG).expect("settings")
    );
}

mod token_issuer {
    use super::*;

    fn issuer() -> JwtTokenIssuer {
        let config = JwtConfig { keys: keys(), issuer: "altus4".to_owned(), audience: "altus4".to_owned() };
        JwtTokenIssuer::new(config, Arc::new(SystemRandomSource)).expect("keys")
    }

    altus4_users::token_issuer_contract!(tokio::test, issuer());
}

mod secret_cipher {
    use super::*;

    altus4_kernel::secret_cipher_contract!(
        tokio::test,
        AesGcmSecretCipher::new(keys(), Arc::new(SystemRandomSource)).expect("keys")
    );
}

mod key_digester {
    use super::*;

    altus4_api_keys::key_digester_contract!(tokio::test, HmacKeyDigester::new(keys()).expect("secrets"));
}
