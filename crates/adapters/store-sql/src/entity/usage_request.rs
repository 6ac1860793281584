//! Rows of `usage_requests`.

use altus4_api_keys::{UsageEvent, hour_of};
use altus4_kernel::ApiKeyId;
use sea_orm::entity::prelude::*;

use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_requests")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) key_id: TextUuid,
    /// Whole hours since 1970.
    pub(crate) hour: i64,
    pub(crate) at: Moment,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) endpoint: String,
    pub(crate) status: i32,
    pub(crate) error_code: Option<String>,
    pub(crate) response_time_us: i64,
    pub(crate) tier: String,
    pub(crate) ip: Option<String>,
    pub(crate) spent_microcents: i64,
    pub(crate) counted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// From which status on a request failed, as [`UsageEvent::failed`] has it.
pub(crate) const FAILED_FROM: i32 = 400;

/// What callers decide is cut to what the columns hold: one odd request must not keep all others from
/// being written.
impl From<&UsageEvent> for Model {
    fn from(event: &UsageEvent) -> Self {
        let cut = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
        Self {
            id: TextUuid(event.id),
            key_id: TextUuid(event.key.as_uuid()),
            hour: hour_of(event.at),
            at: event.at.into(),
            request_id: cut(&event.request_id, 128),
            method: cut(&event.method, 16),
            endpoint: cut(&event.endpoint, 255),
            status: event.status.into(),
            error_code: event.error_code.as_deref().map(|code| cut(code, 64)),
            response_time_us: i64::try_from(event.response_time_us).unwrap_or(i64::MAX),
            tier: event.tier.as_str().to_owned(),
            ip: event.ip.as_deref().map(|ip| cut(ip, 64)),
            spent_microcents: i64::try_from(event.spent_microcents).unwrap_or(i64::MAX),
            counted: event.counted,
        }
    }
}

impl TryFrom<Model> for UsageEvent {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let spent = u64::try_from(row.spent_microcents);
        Ok(Self {
            id: row.id.0,
            request_id: row.request_id,
            key: ApiKeyId::from_uuid(row.key_id.0),
            at: row.at.into(),
            method: row.method,
            endpoint: row.endpoint,
            status: row.status.try_into().map_err(|_| Fault::Corrupt("usage_requests.status"))?,
            error_code: row.error_code,
            response_time_us: row
                .response_time_us
                .try_into()
                .map_err(|_| Fault::Corrupt("usage_requests.response_time_us"))?,
            tier: row.tier.parse().map_err(|_| Fault::Corrupt("usage_requests.tier"))?,
            ip: row.ip,
            spent_microcents: spent.map_err(|_| Fault::Corrupt("usage_requests.spent_microcents"))?,
            counted: row.counted,
        })
    }
}
