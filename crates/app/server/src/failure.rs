//! Why the program ended before its time, and the exit code that says so.

use std::{fmt, process::ExitCode};

use crate::settings::SettingsFaults;

/// The end of a command that did not do what it was for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Settings are wrong; nothing was begun.
    Settings(SettingsFaults),
    /// Something that is needed isn't there; nothing was served.
    Start(anyhow::Error),
    /// It has been told already, a line each.
    Told,
    /// The service ended by itself.
    Serving(anyhow::Error),
    /// A second signal came while requests were still running.
    Forced,
}

impl Failure {
    /// 2 before anything was served, 1 after.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::Start(_) | Self::Told => ExitCode::from(2),
            Self::Serving(_) | Self::Forced => ExitCode::from(1),
        }
    }
}

/// One line, causes included; for settings a line each.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(faults) => faults.fmt(f),
            Self::Start(error) | Self::Serving(error) => f.write_str(&one_line(error)),
            Self::Told => f.write_str("not ready to serve"),
            Self::Forced => f.write_str("stopped at once; running requests were cut"),
        }
    }
}

impl From<SettingsFaults> for Failure {
    fn from(faults: SettingsFaults) -> Self {
        Self::Settings(faults)
    }
}

/// An error and its causes, each said once: many errors repeat their cause in their own text.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_chain_is_one_line_that_says_each_thing_once() {
        let error =
            anyhow!("connection\nrefused").context("can't reach db: connection refused").context("start");
        assert_eq!(one_line(&error), "start: can't reach db: connection refused");
    }
}
