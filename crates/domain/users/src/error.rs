//! What can go wrong with accounts and sessions.

use std::time::Duration;

use altus4_kernel::{AccountId, PortError, SessionId, Timestamp};

use crate::PasswordFault;

/// The answers of [`UserService`](crate::UserService) and
/// [`AdministrationService`](crate::AdministrationService) other than success.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// An account with this e-mail exists.
    #[error("an account with this e-mail address exists already")]
    EmailTaken,
    /// Unknown e-mail or wrong password; nobody is told which.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The token is forged, revoked, or of a session that has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// The token was good and its time is over.
    #[error("the token has expired")]
    TokenExpired,
    /// Attempts come too often from this address, with this e-mail, or for this account; see
    /// [`AttemptGuard`](crate::AttemptGuard).
    #[error("too many attempts; the next one may be made in {} ms", .retry_after.as_millis())]
    TooManyAttempts {
        /// How many may be made within the window.
        limit: u32,
        /// When the next one may be made, as the caller was told.
        retry_after: Duration,
        /// The same as a moment.
        reset_at: Timestamp,
    },
    /// The new password is none for this account.
    #[error("the password {0}")]
    Password(#[from] PasswordFault),
    /// The account has no such session that is live.
    #[error("no such session")]
    NoSuchSession(SessionId),
    /// There is no account of this id.
    #[error("no such account")]
    NoSuchAccount(AccountId),
    /// It is the last active account of the role `admin`, and has to stay that.
    #[error("this is the last active administrator; make another account an administrator first")]
    LastAdministrator,
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}
