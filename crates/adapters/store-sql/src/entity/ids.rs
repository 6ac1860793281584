//! Lists of connections' ids in a column, divided by commas.

use altus4_kernel::ConnectionId;

pub(crate) fn written(ids: &[ConnectionId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// `None` where one is no id.
pub(crate) fn read(text: &str) -> Option<Vec<ConnectionId>> {
    text.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok()).collect()
}
