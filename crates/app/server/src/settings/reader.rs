//! Takes variables from the environment or from the files beside them, and gathers what is wrong.

use std::{fs::File, io::Read};

use super::{
    environment::{Environment, Held},
    fault::Fault,
    variable::Variable,
};

/// Reads variables one by one. A faulty one is noted and answered with `None`.
pub(crate) struct Reader<'a> {
    environment: &'a Environment,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// More than any list of secrets needs.
    const MAX_FILE_BYTES: u64 = 64 * 1024;

    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self { environment, faults: Vec::new() }
    }

    /// The variable's value, or its default, parsed.
    pub(crate) fn parsed<T>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.parsed_or(variable, variable.default, parse)
    }

    /// The variable's value parsed, if it is set.
    pub(crate) fn given<T>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.parsed_or(variable, None, parse)
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    fn parsed_or<T>(
        &mut self,
        variable: &Variable,
        default: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let outcome = self.text(variable).and_then(|(name, text)| match text.as_deref().or(default) {
            Some(text) => parse(text).map(Some).map_err(|wrong| (name, wrong)),
            None => Ok(None),
        });
        outcome.unwrap_or_else(|(name, wrong)| {
            self.faults.push(Fault::new(name, wrong, variable.should));
            None
        })
    }

    /// The text of the variable or of the file named beside it, and which of the two it came from.
    fn text(&self, variable: &Variable) -> Result<(String, Option<String>), (String, String)> {
        let name = variable.name.to_owned();
        let held = |name: &str| match self.environment.get(name) {
            None => Ok(None),
            Some(Held::Text(text)) => Ok(Some(text.to_owned())),
            Some(Held::NotUtf8) => Err((name.to_owned(), "is not UTF-8".to_owned())),
        };
        let direct = held(&name)?;
        let Some(file_name) = variable.file_name() else { return Ok((name, direct)) };
        match (direct, held(&file_name)?) {
            (direct, None) => Ok((name, direct)),
            (Some(_), Some(_)) => Err((name, format!("is set, and so is {file_name}; only one may be"))),
            (None, Some(path)) => match read(&path) {
                Ok(text) => Ok((file_name, Some(text))),
                Err(why) => Err((file_name, format!("names '{path}', which {why}"))),
            },
        }
    }
}

/// The trimmed text of a file, or why there is none, to be read after "which".
fn read(path: &str) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(Reader::MAX_FILE_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| format!("can't be read ({error})"))?;
    if text.len() as u64 > Reader::MAX_FILE_BYTES {
        return Err("is larger than 64 KiB".to_owned());
    }
    let trimmed = text.trim();
    if trimmed.is_empty() { Err("is empty".to_owned()) } else { Ok(trimmed.to_owned()) }
}
