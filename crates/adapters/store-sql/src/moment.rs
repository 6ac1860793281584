//! Times as both back ends keep them.

use altus4_kernel::Timestamp;
use sea_orm::DeriveValueType;
use time::PrimitiveDateTime;

/// A moment in UTC without its offset: `DATETIME(6)` on MySQL, text on SQLite. Every time goes
/// through this type, for with offsets SQLite would compare texts of different zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, DeriveValueType)]
pub(crate) struct Moment(PrimitiveDateTime);

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        let utc = timestamp.as_utc();
        Self(PrimitiveDateTime::new(utc.date(), utc.time()))
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        Self::new(moment.0.assume_utc())
    }
}
