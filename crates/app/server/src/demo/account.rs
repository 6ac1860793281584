//! The account and the key that a demo is tried with, made as any other: by the domain's services.

use std::{fs, io};

use altus4_api_keys::{KeyName, NewKey};
use altus4_connections::{
    ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint, Engine, NewConnection,
    SearchDefaults,
};
use altus4_crypto::SystemRandomSource;
use altus4_http::Services;
use altus4_kernel::{
    Origin, Permission, PermissionSet, Plan, RandomSource,
    grants::{Admin, DatabaseWrite},
    secrecy::{ExposeSecret, SecretString},
};
use altus4_users::{AccountName, Email, NewPassword, Registration, UserError};
use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{home::Home, sample};
use crate::private_file;

const EMAIL: &str = "demo@altus4.local";
const NAME: &str = "Demo";
/// 120 random bits.
const PASSWORD_BYTES: usize = 15;

/// What somebody needs to try the demo. Written down in its directory, since nothing of it can be
/// found out again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoAccount {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) api_key: String,
}

/// The account of an earlier demo in this directory, or a new one with a key and the sample as
/// its connection.
///
/// # Errors
/// It can't be made.
pub(crate) async fn prepare(services: &Services, home: &Home) -> Result<DemoAccount> {
    if let Some(known) = read(home)?
        && services.key_check.authenticate(&known.api_key, None).await.is_ok()
    {
        return Ok(known);
    }
    let made = make(services).await?;
    let path = home.account_file();
    private_file::replace(&path, &serde_json::to_vec_pretty(&made)?)
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(made)
}

fn read(home: &Home) -> Result<Option<DemoAccount>> {
    let path = home.account_file();
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

async fn make(services: &Services) -> Result<DemoAccount> {
    let origin = Origin::local(services.ids.next_id());
    let password = password(&SystemRandomSource)?;
    let registration = Registration {
        email: Email::parse(EMAIL).context("the demo's e-mail address")?,
        password: NewPassword::parse(password.clone()).context("the demo's password")?,
        name: AccountName::parse(NAME).context("the demo's name")?,
    };
    let tokens = match services.users.register(registration, &origin).await {
        Ok((_, tokens)) => tokens,
        Err(UserError::EmailTaken) => bail!(
            "the store of this demo has the account {EMAIL} already, and its password is not known; \
             remove the directory or choose another"
        ),
        Err(error) => return Err(anyhow!(error).context("can't register the demo's account")),
    };
    let caller = services.users.authenticate(tokens.access_token.expose_secret()).await?;

    let wanted = NewKey {
        permissions: PermissionSet::of(&[Permission::Search, Permission::DatabaseRead]),
        // Whoever tries it out shall not run into limits.
        tier: Plan::Enterprise,
        ..NewKey::named(KeyName::initial())
    };
    let key = services.api_keys.set_up(caller.require::<Admin>()?, wanted, &origin).await;
    let key = key.context("can't make the demo's API key")?;

    let sample = sample_connection().context("the sample's connection")?;
    let registered = services.connections.register(caller.require::<DatabaseWrite>()?, sample, &origin).await;
    let registered = registered.context("can't register the sample database")?;
    if registered.status != ConnectionStatus::Connected {
        bail!("the sample database was made and can't be opened");
    }
    Ok(DemoAccount {
        email: EMAIL.to_owned(),
        password: password.expose_secret().to_owned(),
        api_key: key.secret.text().expose_secret().to_owned(),
    })
}

fn sample_connection() -> Option<NewConnection> {
    Some(NewConnection {
        name: ConnectionName::parse(sample::TITLE)?,
        engine: Engine::Sqlite,
        endpoint: Endpoint::File,
        database: DatabaseName::parse(sample::FILE_NAME)?,
        password: SecretString::default(),
        options: ConnectionOptions::default(),
        search: SearchDefaults::default(),
        is_active: true,
    })
}

fn password(random: &dyn RandomSource) -> Result<SecretString> {
    let mut bytes = [0; PASSWORD_BYTES];
    random.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}
