//! Passwords that are tried first, as NIST SP 800-63B §3.1.1.2 wants them refused: common ones, words,
//! repetitions, sequences, and what is made of words that belong to the account or the service.

use std::{collections::HashSet, sync::LazyLock};

use super::NewPassword;
use crate::{AccountName, Email};

/// Passwords, names and words of at least [`NewPassword::MIN_CHARS`] in lower case; where they are
/// from stands in the file.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// What this service is called.
const SERVICE: [&str; 2] = ["altus4", "altus"];
/// The longest thing that makes a repetition when it is typed again and again.
const MAX_REPEATED_CHARS: usize = 4;
/// Nobody tries longer repetitions first.
const MAX_REPETITION_CHARS: usize = 16;
/// Shorter parts of names and addresses are in too many words.
const MIN_WORD_CHARS: usize = 3;
/// So many letters and digits beside words of the account make no other password of them: a year.
const MAX_ADDED_CHARS: usize = 4;

/// Whether a password is among the commonest, or is one with digits and signs added at its end, or
/// with letters written as digits and signs (`p@ssw0rd1!`); compared without case.
pub(super) fn is_common(plain: &str) -> bool {
    let lower = plain.to_lowercase();
    is_repetition(&lower)
        || is_sequence(&lower)
        || stems(&lower).any(|stem| spellings(stem).iter().any(|text| COMMON.contains(text.as_str())))
}

/// Whether a password is made of the service's name, of the parts of this address and of this name,
/// with up to four other letters and digits between them.
pub(super) fn is_made_of(plain: &str, email: Option<&Email>, name: Option<&AccountName>) -> bool {
    let texts = [email.map(Email::as_str), name.map(AccountName::as_str)];
    let local = email.and_then(|email| email.as_str().split('@').next()).map(only_letters_and_digits);
    let mut words: Vec<String> = texts
        .into_iter()
        .flatten()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .chain(local)
        .filter(|word| word.chars().count() >= MIN_WORD_CHARS)
        .chain(SERVICE.map(ToOwned::to_owned))
        .collect();
    // A word that holds another goes first.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let lower = plain.to_lowercase();
    spellings(&lower).into_iter().chain([only_letters_and_digits(&lower)]).any(|text| {
        let left = words.iter().fold(text.clone(), |left, word| left.replace(word, " "));
        left != text && left.chars().filter(|c| c.is_alphanumeric()).count() <= MAX_ADDED_CHARS
    })
}

fn only_letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The text, and what is left of it as digits and signs are taken from its end, one by one.
fn stems(text: &str) -> impl Iterator<Item = &str> {
    let is_added = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation();
    std::iter::successors(Some(text), move |stem| stem.strip_suffix(is_added))
        .take_while(|stem| stem.chars().count() >= NewPassword::MIN_CHARS)
}

/// The text, and the words that are meant if its digits and signs stand for letters.
fn spellings(text: &str) -> [String; 3] {
    let meant = |one: char| {
        text.chars().map(move |c| match c {
            '0' => 'o',
            '1' | '!' | '|' => one,
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' | '+' => 't',
            other => other,
        })
    };
    [text.to_owned(), meant('i').collect(), meant('l').collect()]
}

/// One thing again and again: `aaaaaaaaaa`, `12341234`.
fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let longest = if chars.len() <= MAX_REPETITION_CHARS { MAX_REPEATED_CHARS } else { 1 };
    (1..=longest).any(|length| chars.iter().skip(length).eq(&chars[..chars.len().saturating_sub(length)]))
}

/// Each character follows on the one before, or goes before it: `abcdefgh`, `987654321`.
fn is_sequence(text: &str) -> bool {
    let pairs =
        || text.chars().zip(text.chars().skip(1)).map(|(one, next)| (u32::from(one), u32::from(next)));
    pairs().all(|(one, next)| next == one + 1) || pairs().all(|(one, next)| one == next + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_as_it_is_looked_up() {
        assert!(COMMON.len() > 20_000);
        for word in COMMON.iter() {
            assert_eq!(*word, word.to_lowercase());
            assert!(word.chars().count() >= NewPassword::MIN_CHARS, "{word}");
        }
    }

    #[test]
    fn common_passwords_are_found_however_they_are_dressed_up() {
        for text in [
            "password",
            "Password1!",
            "P@ssw0rd2024!",
            "QWERTYUIOP",
            "1q2w3e4r5t",
            "sunshine2024",
            "iloveyou!!",
            "jennifer7",
            "basketball",
            "administrator",
            "aaaaaaaaaa",
            "88888888",
            "12341234",
            "123123123",
            "abcdefgh",
            "987654321",
            "1234567890",
            "s4mantha",
        ] {
            assert!(is_common(text), "{text}");
        }
    }

    #[test]
    fn what_only_holds_a_common_password_is_not_one() {
        for text in [
            "only lower case words",
            "correct horse battery",
            "my password is long",
            "länger88",
            "kx7q9zmf",
            "SecurePass123!",
            "x7x7x7x7x7x7x7x7x7",
            "acegikmo",
        ] {
            assert!(!is_common(text), "{text}");
        }
    }

    #[test]
    fn what_is_made_of_the_accounts_own_words_is_found() {
        let email = Email::parse("ada.lovelace@engines.example").expect("an address");
        let name = AccountName::parse("Countess Ada Lovelace").expect("a name");
        let is_made_of = |text: &str| is_made_of(text, Some(&email), Some(&name));
        for text in [
            "adalovelace",
            "Ada.Lovelace1815",
            "ada.lovelace@engines.example",
            "L0velace!",
            "lovelace-ada",
            "altus4altus4",
            "Altus2026!",
            "countess-ada-77",
            "a-d-a-lovelace",
            "engines.2024",
        ] {
            assert!(is_made_of(text), "{text}");
        }
        for text in
            ["adaptable-otter", "altus4-rocks", "12345678", "lovelace and the engine", "correct horse"]
        {
            assert!(!is_made_of(text), "{text}");
        }
    }

    #[test]
    fn short_parts_of_a_name_are_no_words() {
        let name = AccountName::parse("O Li").expect("a name");
        assert!(!is_made_of("o8237-li4", None, Some(&name)));
        assert!(is_made_of("altus-2026", None, None));
    }
}
