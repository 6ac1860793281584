//! Rows of `sessions`.

use altus4_kernel::{AccountId, SessionId};
use altus4_users::{ClientInfo, RefreshTokenDigest, Session};
use sea_orm::entity::prelude::*;

use super::account;
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    /// The digest of the refresh token that is good now: unique.
    pub(crate) refresh_digest: Vec<u8>,
    pub(crate) client_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) last_used: Moment,
    pub(crate) expires_at: Moment,
    pub(crate) ended_at: Option<Moment>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(belongs_to = "account::Entity", from = "Column::AccountId", to = "account::Column::Id")]
    Account,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Session> for Model {
    fn from(session: &Session) -> Self {
        Self {
            id: TextUuid(session.id.as_uuid()),
            account_id: TextUuid(session.account_id.as_uuid()),
            refresh_digest: session.refresh_digest.0.to_vec(),
            client_address: session.client.address.clone(),
            user_agent: session.client.user_agent.clone(),
            created_at: session.created_at.into(),
            last_used: session.last_used.into(),
            expires_at: session.expires_at.into(),
            ended_at: None,
        }
    }
}

impl TryFrom<Model> for Session {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let digest = row.refresh_digest.try_into().map_err(|_| Fault::Corrupt("sessions.refresh_digest"))?;
        Ok(Self {
            id: SessionId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            refresh_digest: RefreshTokenDigest(digest),
            client: ClientInfo { address: row.client_address, user_agent: row.user_agent },
            created_at: row.created_at.into(),
            last_used: row.last_used.into(),
            expires_at: row.expires_at.into(),
        })
    }
}
