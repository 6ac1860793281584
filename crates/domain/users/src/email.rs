//! E-mail addresses, normalised.

use std::fmt;

/// An e-mail address that is fit to be an account's name: trimmed, lower case, at most 254 bytes
/// (RFC 5321), one `@` with something on both sides, no white space or control characters.
///
/// That is all that can be known without sending a message to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The address that `text` spells; `None` when it can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let plain = |part: &str| {
            !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@')
        };
        let dotted = !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
        let fits = address.len() <= 254 && local.len() <= 64;
        (plain(local) && plain(domain) && dotted && fits).then_some(Self(address))
    }

    /// The normalised address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows the domain alone: an address is personal data, and `Debug` ends up in logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email(…@{})", self.0.rsplit('@').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        assert_eq!(Email::parse("  Ada@Example.COM "), Email::parse("ada@example.com"));
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in ["", "ada", "@x.org", "ada@", "a b@x.org", "a@b@c.org", "ada@.org", "a@x..org", &long] {
            assert_eq!(Email::parse(text), None, "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_who_it_is() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "Email(…@example.com)");
    }
}
