//! Rows of `accounts`.

use altus4_kernel::{AccountId, Plan, Role};
use altus4_users::{Account, AccountName, Email, NewAccount};
use sea_orm::{Condition, entity::prelude::*};

use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) email: String,
    /// The address while the account is active: unique.
    pub(crate) active_email: Option<String>,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) plan: String,
    pub(crate) password_hash: String,
    pub(crate) created_at: Moment,
    pub(crate) last_active: Moment,
    pub(crate) deactivated_at: Option<Moment>,
    /// When it was told of its keys under an older server secret.
    pub(crate) legacy_notice_at: Option<Moment>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An account without what only a login needs.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(crate) struct AccountRow {
    id: TextUuid,
    email: String,
    name: String,
    role: String,
    plan: String,
    created_at: Moment,
    last_active: Moment,
}

/// The account of this id, unless it was deactivated.
pub(crate) fn is_active(id: AccountId) -> Condition {
    Condition::all().add(Column::Id.eq(TextUuid(id.as_uuid()))).add(Column::DeactivatedAt.is_null())
}

pub(crate) fn role(text: &str) -> Result<Role, Fault> {
    text.parse().map_err(|_| Fault::Corrupt("accounts.role"))
}

pub(crate) fn plan(text: &str) -> Result<Plan, Fault> {
    text.parse().map_err(|_| Fault::Corrupt("accounts.plan"))
}

impl From<&NewAccount> for Model {
    fn from(new: &NewAccount) -> Self {
        let account = &new.account;
        Self {
            id: TextUuid(account.id.as_uuid()),
            email: account.email.as_str().to_owned(),
            active_email: Some(account.email.as_str().to_owned()),
            name: account.name.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            plan: account.plan.as_str().to_owned(),
            password_hash: new.password.expose().to_owned(),
            created_at: account.created_at.into(),
            last_active: account.last_active.into(),
            deactivated_at: None,
            legacy_notice_at: None,
        }
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = Fault;

    fn try_from(row: AccountRow) -> Result<Self, Fault> {
        Ok(Self {
            id: AccountId::from_uuid(row.id.0),
            email: Email::parse(&row.email).ok_or(Fault::Corrupt("accounts.email"))?,
            name: AccountName::parse(&row.name).ok_or(Fault::Corrupt("accounts.name"))?,
            role: role(&row.role)?,
            plan: plan(&row.plan)?,
            created_at: row.created_at.into(),
            last_active: row.last_active.into(),
        })
    }
}
