//! What a password has to be. Length decides, not composition (NIST SP 800-63B §3.1.1.2).

mod guessable;

use altus4_kernel::secrecy::{ExposeSecret, SecretString};

use self::guessable::{is_common, is_made_of};
use crate::{AccountName, Email};

/// A password fit to be kept: 8–128 characters, not one of the commonest, and not the service's name.
/// Whether it fits its account is for [`NewPassword::check_for`].
#[derive(Debug, Clone)]
pub struct NewPassword(SecretString);

/// Why a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Under 8 characters.
    #[error("must have at least 8 characters")]
    TooShort,
    /// Over 128 characters.
    #[error("must have at most 128 characters")]
    TooLong,
    /// Among those that are tried first.
    #[error("is one of the most common passwords; choose another")]
    TooCommon,
    /// Made of what everybody knows of the account or the service.
    #[error("is made of your name, your e-mail address or this service's name; choose another")]
    TooPersonal,
}

impl NewPassword {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 8;
    /// The most characters.
    pub const MAX_CHARS: usize = 128;

    /// The password in `text`, as it stands: nothing is trimmed or changed.
    ///
    /// # Errors
    /// The reason, when it may not be used.
    pub fn parse(text: SecretString) -> Result<Self, PasswordFault> {
        let plain = text.expose_secret();
        let chars = plain.chars().count();
        if chars < Self::MIN_CHARS {
            Err(PasswordFault::TooShort)
        } else if chars > Self::MAX_CHARS {
            Err(PasswordFault::TooLong)
        } else if is_common(plain) {
            Err(PasswordFault::TooCommon)
        } else if is_made_of(plain, None, None) {
            Err(PasswordFault::TooPersonal)
        } else {
            Ok(Self(text))
        }
    }

    /// Whether an account with this address and this name may have it.
    ///
    /// # Errors
    /// [`PasswordFault::TooPersonal`].
    pub fn check_for(&self, email: &Email, name: &AccountName) -> Result<(), PasswordFault> {
        let is_personal = is_made_of(self.0.expose_secret(), Some(email), Some(name));
        if is_personal { Err(PasswordFault::TooPersonal) } else { Ok(()) }
    }

    /// The password itself, for hashing.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(), PasswordFault> {
        NewPassword::parse(text.into()).map(|_| ())
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(parse("kürzer7"), Err(PasswordFault::TooShort));
        assert_eq!(parse("länger88"), Ok(()));
        assert_eq!(parse(&"ü7".repeat(64)), Ok(()));
        assert_eq!(parse(&"ü7".repeat(65)), Err(PasswordFault::TooLong));
    }

    #[test]
    fn the_commonest_are_refused_also_with_something_added() {
        for text in ["password", "Password1!", "QWERTYUIOP", "aaaaaaaaaa", "12345678", "sunshine2024"] {
            assert_eq!(parse(text), Err(PasswordFault::TooCommon), "{text}");
        }
    }

    #[test]
    fn a_password_is_held_against_its_account() {
        assert_eq!(parse("altus4altus4"), Err(PasswordFault::TooPersonal));
        let (email, name) = (Email::parse("ada@example.com").unwrap(), AccountName::parse("Ada").unwrap());
        let check = |text: &str| NewPassword::parse(text.into()).unwrap().check_for(&email, &name);
        assert_eq!(check("ada@example.com"), Err(PasswordFault::TooPersonal));
        assert_eq!(check("correct horse battery"), Ok(()));
    }

    #[test]
    fn no_composition_is_asked_for() {
        assert_eq!(parse("only lower case words"), Ok(()));
    }
}
