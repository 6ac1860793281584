//! Adds what is logged to the sums, in the transaction that logs it.

use std::time::Duration;

use altus4_analytics::{LoggedSearch, Outcome};
use altus4_search::{SearchRecord, SearchStatus};
use sea_orm::DatabaseTransaction;

use super::{labels, queries, scopes::Scopes, slowest, sums};
use crate::error::Fault;

/// A search as analytics has it.
pub(crate) fn logged(search: &SearchRecord) -> LoggedSearch {
    LoggedSearch {
        id: search.id,
        account_id: search.account_id,
        api_key: search.api_key,
        environment: search.environment,
        query: search.query.clone(),
        folded: search.folded.clone(),
        mode: search.mode.as_str().to_owned(),
        databases: search.databases.clone(),
        categories: search.categories.clone(),
        results: search.results,
        took: Duration::from_micros(u64::try_from(search.took.as_micros()).unwrap_or(u64::MAX)),
        cached: search.cached,
        outcome: match search.status {
            SearchStatus::Success => Outcome::Success,
            SearchStatus::Partial => Outcome::Partial,
            SearchStatus::Failed => Outcome::Failed,
        },
        at: search.at,
    }
}

/// Adds searches that were never added before. Whoever calls holds the rows of their accounts; everything
/// is written in the order of its keys, so that no two wait for each other.
pub(crate) async fn record(
    searches: &[LoggedSearch],
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let scopes = Scopes::of(searches, transaction).await?;
    sums::add(searches, &scopes, transaction).await?;
    labels::add(searches, &scopes, transaction).await?;
    queries::add(searches, &scopes, transaction).await?;
    slowest::add(searches, &scopes, transaction).await
}

/// Notes that a result of each of these searches was opened, for the first time.
pub(crate) async fn clicked(
    searches: &[LoggedSearch],
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    if searches.is_empty() {
        return Ok(());
    }
    let scopes = Scopes::of(searches, transaction).await?;
    sums::click(searches, &scopes, transaction).await?;
    queries::click(searches, &scopes, transaction).await
}
