//! What the tests look at: cargo's view of the workspace, the manifests, and the source files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use toml::Table;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo once. The graph is left out, because cargo would want to download even what no
    /// feature of ours switches on.
    pub(crate) fn get() -> &'static Self {
        static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
        WORKSPACE.get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let root = root.canonicalize().expect("the root exists");
            let metadata = MetadataCommand::new()
                .cargo_path(env!("CARGO"))
                .manifest_path(root.join("Cargo.toml"))
                .no_deps()
                .other_options(["--offline".to_owned()])
                .exec()
                .expect("cargo describes the workspace");
            Self { root, metadata }
        })
    }

    pub(crate) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    pub(crate) fn is_member(&self, name: &str) -> bool {
        self.members().iter().any(|member| member.name == name)
    }

    /// The members whose folder is under `folder`, such as `crates/domain`.
    pub(crate) fn members_in(&self, folder: &str) -> Vec<&Package> {
        let folder = self.root.join(folder);
        self.members().into_iter().filter(|member| member.manifest_path.starts_with(&folder)).collect()
    }

    /// What these members reach through normal dependencies, with every feature of theirs: a line for
    /// each, in the order of a walk, that begins with its depth and its name (`2tokio v1.2.3`).
    pub(crate) fn normal_dependencies(&self, members: &[&Package]) -> String {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--edges=normal", "--prefix=depth", "--all-features"])
            .arg("--manifest-path")
            .arg(self.root.join("Cargo.toml"))
            .args(members.iter().map(|member| format!("--package={}", member.name)))
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("cargo writes UTF-8")
    }

    /// Every Rust file of ours, by its path under the root.
    pub(crate) fn rust_files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect_rust_files(&self.root, &mut files);
        let under_root = |file: &PathBuf| {
            file.strip_prefix(&self.root).expect("found under the root").display().to_string()
        };
        files.iter().map(under_root).collect()
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

/// A manifest as it was written, before cargo fills in what is inherited.
pub(crate) fn manifest(member: &Package) -> Table {
    let text = fs::read_to_string(&member.manifest_path).expect("cargo read this manifest too");
    text.parse().expect("cargo parsed this manifest too")
}

/// Fails with both halves of the difference, each line by itself.
pub(crate) fn assert_same(table: &str, written: &BTreeSet<String>, found: &BTreeSet<String>) {
    let missing: Vec<_> =
        found.difference(written).map(|line| format!("  not in the table: {line}")).collect();
    let stale: Vec<_> =
        written.difference(found).map(|line| format!("  only in the table: {line}")).collect();
    let differences = [missing, stale].concat();
    assert!(differences.is_empty(), "{table} and the manifests differ:\n{}", differences.join("\n"));
}

/// Fails with every offender by name.
pub(crate) fn assert_none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

fn collect_rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder of ours can be listed");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                collect_rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
