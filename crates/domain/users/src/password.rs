//! What a password has to be. Length decides, not composition (NIST SP 800-63B §3.1.1.2).

use altus4_kernel::secrecy::{ExposeSecret, SecretString};

/// A password fit to be kept: 8–128 characters and not one of the commonest.
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
        } else {
            Ok(Self(text))
        }
    }

    /// The password itself, for hashing.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// The commonest passwords of eight characters and more, lower case, sorted: compared without case
/// and without the digits and signs that people add at the end.
const COMMON: &[&str] = &[
    "00000000",
    "11111111",
    "12121212",
    "12341234",
    "12345678",
    "123456789",
    "1234567890",
    "123123123",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "87654321",
    "88888888",
    "987654321",
    "aa123456",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "administrator",
    "altus4altus4",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "baseball",
    "basketball",
    "changeme",
    "charlie1",
    "computer",
    "corvette",
    "dragon12",
    "elephant",
    "football",
    "iloveyou",
    "internet",
    "jennifer",
    "jonathan",
    "letmein1",
    "liverpool",
    "mercedes",
    "michelle",
    "monkey12",
    "mustang1",
    "mypassword",
    "p@ssw0rd",
    "pa55word",
    "passw0rd",
    "password",
    "password1",
    "princess",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qwer1234",
    "qwertyui",
    "qwertyuiop",
    "qwerty12",
    "qwerty123",
    "samantha",
    "starwars",
    "sunshine",
    "superman",
    "superstar",
    "trustno1",
    "victoria",
    "welcome1",
    "whatever",
    "zaq12wsx",
    "zxcvbnm1",
];

fn is_common(plain: &str) -> bool {
    let lower = plain.to_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let one_character = lower.chars().next().is_some_and(|first| lower.chars().all(|c| c == first));
    one_character || COMMON.iter().any(|common| *common == lower || *common == stem)
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
    fn no_composition_is_asked_for() {
        assert_eq!(parse("only lower case words"), Ok(()));
    }
}
