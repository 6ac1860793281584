//! A model's archive from elsewhere.

use std::{
    fs::File,
    io::Write,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tempfile::{Builder, TempDir};

use super::LocalModels;
use crate::error::ModelFault;

/// The most that is downloaded.
const MOST_BYTES: u64 = 2 << 30;

/// What stands before the names of folders that are downloaded into.
const DOWNLOAD: &str = ".download-";

/// How long a server may take to be reached, and then to send anything.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);

const MOST_REDIRECTS: usize = 5;

/// A file that was downloaded; gone when this is dropped.
#[derive(Debug)]
pub struct Downloaded {
    path: PathBuf,
    _dir: TempDir,
    _lock: File,
}

impl Downloaded {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl LocalModels {
    /// Downloads an archive over HTTPS (over HTTP from this machine alone), 2 GB at the most. `progress`
    /// is told now and then how many bytes have come, and of how many if that is known.
    ///
    /// # Errors
    /// The address can't be used, or nothing sound came from it.
    pub async fn download(
        &self,
        url: &str,
        progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
    ) -> Result<Downloaded, ModelFault> {
        let url = Url::parse(url).map_err(|error| ModelFault::Download(error.to_string()))?;
        if !may_be_fetched(&url) {
            return Err(ModelFault::Download("the address should begin with https://".to_owned()));
        }
        let lock = self.lock(".download", DOWNLOAD)?;
        let dir = Builder::new().prefix(DOWNLOAD).tempdir_in(&self.dir);
        let dir = dir.map_err(ModelFault::io("can't make a folder in", &self.dir))?;
        let path = dir.path().join(file_name(&url));
        let mut file = File::create_new(&path).map_err(ModelFault::io("can't write", &path))?;
        let mut response = client()?.get(url).send().await.map_err(|error| failed(&error))?;
        if response.status() != StatusCode::OK {
            return Err(ModelFault::Download(format!("the server answered {}", response.status())));
        }
        let announced = response.content_length();
        let too_large = || ModelFault::TooLarge { what: "the download".to_owned(), most: MOST_BYTES };
        if announced.is_some_and(|length| length > MOST_BYTES) {
            return Err(too_large());
        }
        let mut come = 0;
        while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
            come += part.len() as u64;
            if come > MOST_BYTES {
                return Err(too_large());
            }
            file.write_all(&part).map_err(ModelFault::io("can't write", &path))?;
            progress(come, announced);
        }
        Ok(Downloaded { path, _dir: dir, _lock: lock })
    }
}

fn client() -> Result<Client, ModelFault> {
    let builder = altus4_outbound::client(CONNECT)
        .map_err(|error| failed(&error))?
        .redirect(Policy::custom(|attempt| {
            if attempt.previous().len() > MOST_REDIRECTS || !may_be_fetched(attempt.url()) {
                attempt.error("it leads somewhere else")
            } else {
                attempt.follow()
            }
        }))
        .read_timeout(SILENCE);
    builder.build().map_err(|error| failed(&error))
}

/// What nobody on the way can change, or what comes from this machine.
fn may_be_fetched(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// What the archive is called where it comes from.
fn file_name(url: &Url) -> String {
    let last = url.path_segments().and_then(Iterator::last).unwrap_or_default();
    let plain: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let plain = plain.trim_start_matches('.');
    if plain.is_empty() { "model".to_owned() } else { plain.chars().take(100).collect() }
}

/// With its causes, which say what happened.
fn failed(error: &dyn std::error::Error) -> ModelFault {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    ModelFault::Download(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_can_change_on_the_way_is_fetched() {
        let may = |url: &str| may_be_fetched(&Url::parse(url).expect("a url"));
        for url in [
            "https://models.example.org/x.whl",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            "http://localhost/",
        ] {
            assert!(may(url), "{url}");
        }
        for url in [
            "http://models.example.org/x.whl",
            "ftp://127.0.0.1/x",
            "file:///etc/passwd",
            "http://127.0.0.1.example.org/",
        ] {
            assert!(!may(url), "{url}");
        }
    }

    #[test]
    fn a_file_is_called_as_it_is_there_and_leads_nowhere() {
        let named = |url: &str| file_name(&Url::parse(url).expect("a url"));
        assert_eq!(named("https://x.example/a/b/model-1.0.tar.gz?download=1#x"), "model-1.0.tar.gz");
        assert_eq!(named("https://x.example/a/..%2f..%2fetc"), "2f..2fetc");
        assert_eq!(named("https://x.example/"), "model");
    }
}
