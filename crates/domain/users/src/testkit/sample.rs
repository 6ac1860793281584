//! Accounts and sessions for tests.

use std::time::Duration;

use altus4_kernel::{AccountId, Clock, Plan, Role, SessionId, Timestamp, testkit::FixedClock, uuid::Uuid};

use crate::{Account, AccountName, ClientInfo, Email, NewAccount, PasswordHash, RefreshTokenDigest, Session};

/// A user of the plan `pro` with this address, registered when [`FixedClock`] begins. `number` makes
/// its id.
///
/// # Panics
/// When `email` is no address.
#[must_use]
pub fn sample_account(number: u128, email: &str) -> NewAccount {
    let now = FixedClock::default().now();
    NewAccount {
        account: Account {
            id: AccountId::from_uuid(Uuid::from_u128(number)),
            email: Email::parse(email).expect("an address"),
            name: AccountName::parse("Ada Lovelace").expect("a name"),
            role: Role::User,
            plan: Plan::Pro,
            created_at: now,
            last_active: now,
        },
        password: PasswordHash::new(format!("$fake$hash of {number}")),
    }
}

/// A session begun at `now` and good for a day. `number` makes its id and its refresh token's
/// digest.
#[must_use]
pub fn sample_session(number: u8, account_id: AccountId, now: Timestamp) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(number.into())),
        account_id,
        refresh_digest: RefreshTokenDigest([number; 32]),
        client: ClientInfo::default(),
        created_at: now,
        last_used: now,
        expires_at: now + Duration::from_hours(24),
    }
}
