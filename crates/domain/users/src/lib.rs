//! Accounts and the sessions of those who use them: registration, login, refresh, logout,
//! deactivation, and how administrators look after them.
//!
//! Invariants:
//! - An [`Email`] that exists is well formed and normalised, so that two spellings of one address
//!   can't become two accounts.
//! - Passwords and tokens are [`SecretString`](altus4_kernel::secrecy::SecretString)s: `Debug`
//!   never shows them. Stores see hashes alone.
//! - An unknown e-mail and a wrong password cost the same work and give the same answer.
//! - There is no change without its audit event, and no event of a change that wasn't made.
//! - Once there is an active administrator, there is always one.
//! - A refresh token works once. Used again, it ends its whole session.
//! - An attempt to log in, register or change a password that can't be counted is not admitted.

mod account;
mod administration;
mod directory;
mod email;
mod error;
mod limiter;
mod password;
mod ports;
mod service;
mod session;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::account::{Account, AccountName, NewAccount};
pub use crate::administration::AdministrationService;
pub use crate::directory::{AccountChange, AccountDirectory, AccountFilter, ListedAccount};
pub use crate::email::Email;
pub use crate::error::UserError;
pub use crate::limiter::{
    Admission, AttemptGuard, AttemptLimiter, AttemptLimits, AttemptLog, FallbackAttemptLimiter, Quota,
};
pub use crate::password::{NewPassword, PasswordFault};
pub use crate::ports::{
    AccountWithHash, EMAIL_CONSTRAINT, LAST_ADMIN_CONSTRAINT, LiveSession, PasswordChange, PasswordHash,
    PasswordHasher, PasswordVerdict, ProfileChange, RefreshRotation, SessionRepository, TokenFault,
    TokenIssuer, UserRepository,
};
pub use crate::service::{Registration, UserPorts, UserService, UserSettings};
pub use crate::session::{
    AccessClaims, AccessToken, ClientInfo, RefreshToken, RefreshTokenDigest, Session, TokenPair,
};

#[cfg(feature = "mock")]
pub use crate::directory::MockAccountDirectory;
#[cfg(feature = "mock")]
pub use crate::limiter::MockAttemptLimiter;
#[cfg(feature = "mock")]
pub use crate::ports::{MockPasswordHasher, MockSessionRepository, MockTokenIssuer, MockUserRepository};
