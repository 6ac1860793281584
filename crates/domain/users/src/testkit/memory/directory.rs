//! The directory of accounts.

use std::cmp::Reverse;

use altus4_kernel::{AccountId, AuditEvent, Page, PageRequest, PortResult, Role, Timestamp};
use async_trait::async_trait;

use super::{AccountRow, InMemoryUsers};
use crate::{AccountChange, AccountDirectory, AccountFilter, ListedAccount};

fn listed(row: &AccountRow) -> ListedAccount {
    ListedAccount { account: row.stored.account.clone(), deactivated_at: row.deactivated_at }
}

fn is_wanted(row: &AccountRow, filter: &AccountFilter) -> bool {
    let account = &row.stored.account;
    let has = |text: &str, part: &str| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    filter.role.is_none_or(|role| role == account.role)
        && filter.plan.is_none_or(|plan| plan == account.plan)
        && filter
            .search
            .as_ref()
            .is_none_or(|part| has(account.email.as_str(), part) || has(account.name.as_str(), part))
}

#[async_trait]
impl AccountDirectory for InMemoryUsers {
    async fn list(&self, filter: &AccountFilter, page: PageRequest) -> PortResult<Page<ListedAccount>> {
        let rows = self.rows();
        let mut found: Vec<_> =
            rows.accounts.iter().filter(|row| is_wanted(row, filter)).map(listed).collect();
        found.sort_by_key(|listed| Reverse(listed.account.id));
        let total = found.len() as u64;
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        Ok(Page { items: found.into_iter().skip(skipped).take(page.limit() as usize).collect(), total })
    }

    async fn get(&self, id: AccountId) -> PortResult<Option<ListedAccount>> {
        Ok(self.rows().accounts.iter().find(|row| row.stored.account.id == id).map(listed))
    }

    async fn change(
        &self,
        id: AccountId,
        change: &AccountChange,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> PortResult<Option<ListedAccount>> {
        let mut rows = self.rows();
        let Some(place) = rows.accounts.iter().position(|row| row.stored.account.id == id) else {
            return Ok(None);
        };
        let email = rows.accounts[place].stored.account.email.clone();
        if change.is_active == Some(false) || change.role == Some(Role::User) {
            rows.check_last_admin(id, "directory.change")?;
        }
        if change.is_active == Some(true) {
            rows.check_email(id, &email, "directory.change")?;
        }
        self.audit.record_all(events)?;
        if change.is_active == Some(false) {
            rows.end_sessions(id, None, now);
        }
        let row = &mut rows.accounts[place];
        let account = &mut row.stored.account;
        account.role = change.role.unwrap_or(account.role);
        account.plan = change.plan.unwrap_or(account.plan);
        match change.is_active {
            Some(true) => row.deactivated_at = None,
            Some(false) => row.deactivated_at = row.deactivated_at.or(Some(now)),
            None => {}
        }
        Ok(Some(listed(row)))
    }
}
