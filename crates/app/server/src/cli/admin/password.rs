//! Asks the operator for a new password: unseen on a terminal, else the first line of what comes in.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read},
    path::Path,
};

use altus4_kernel::secrecy::{ExposeSecret, SecretString};
use altus4_users::NewPassword;
use anyhow::{Context, Result, anyhow, bail};

/// More than any password has.
const MAX_BYTES: u64 = 4096;

/// The password in this file, or on the standard input. A line's end is no part of it.
///
/// # Errors
/// It can't be read, or may not be used.
pub(super) fn read(file: Option<&Path>) -> Result<NewPassword> {
    let text = match file {
        Some(path) => {
            File::open(path).and_then(line).with_context(|| format!("can't read {}", path.display()))?
        }
        None if io::stdin().is_terminal() => ask()?,
        None => line(io::stdin()).context("can't read the password from the standard input")?,
    };
    NewPassword::parse(text).map_err(|fault| anyhow!("the password {fault}"))
}

/// Asks twice: a slip of the fingers can't be seen.
fn ask() -> Result<SecretString> {
    let prompt = |text| rpassword::prompt_password(text).map(SecretString::from).context("can't ask");
    let (first, second) = (prompt("Password: ")?, prompt("The same again: ")?);
    if first.expose_secret() != second.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(first)
}

/// The first line.
fn line(source: impl Read) -> io::Result<SecretString> {
    let mut text = String::new();
    BufReader::new(source.take(MAX_BYTES)).read_line(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_part_of_a_password_and_line_ends_are_not() {
        let read = |text: &str| line(text.as_bytes()).unwrap().expose_secret().to_owned();
        for text in ["  two words ", "  two words \n", "  two words \r\n", "  two words \nmore"] {
            assert_eq!(read(text), "  two words ");
        }
        assert_eq!(read(""), "");
    }
}
