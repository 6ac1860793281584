//! The files that make a model, and how each is taken over.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::{
    error::ModelFault,
    model::{MOST_JSON_BYTES, MOST_WEIGHT_BYTES, TOKENIZER_FILE, WEIGHTS_FILE},
};

/// A file of a model.
pub(super) struct ModelPart {
    /// Where it is in the model's folder.
    pub(super) path: &'static str,
    /// How long it may be.
    most: u64,
    /// Whether there is no model without it.
    is_needed: bool,
}

/// All that is taken over; whatever else is beside them isn't.
pub(super) const FILES: [ModelPart; 7] = [
    ModelPart { path: "config.json", most: MOST_JSON_BYTES, is_needed: true },
    ModelPart { path: TOKENIZER_FILE, most: 128 << 20, is_needed: true },
    ModelPart { path: WEIGHTS_FILE, most: MOST_WEIGHT_BYTES, is_needed: true },
    ModelPart { path: "1_Pooling/config.json", most: MOST_JSON_BYTES, is_needed: false },
    ModelPart { path: "modules.json", most: MOST_JSON_BYTES, is_needed: false },
    ModelPart { path: "sentence_bert_config.json", most: MOST_JSON_BYTES, is_needed: false },
    ModelPart { path: "config_sentence_transformers.json", most: MOST_JSON_BYTES, is_needed: false },
];

/// Takes them over from a folder. Links are followed: they are its owner's.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), ModelFault> {
    for part in &FILES {
        let file = from.join(part.path);
        if file.is_file() {
            write(File::open(&file).map_err(ModelFault::io("can't read", &file))?, part, to)?;
        } else if part.is_needed {
            return Err(nothing_there(&format!("{} has no file {}", from.display(), part.path)));
        }
    }
    Ok(())
}

/// Writes one into the model's folder.
pub(super) fn write(content: impl Read, part: &ModelPart, to: &Path) -> Result<(), ModelFault> {
    let file = to.join(part.path);
    let copy = || {
        fs::create_dir_all(file.parent().unwrap_or(to))?;
        io::copy(&mut content.take(part.most + 1), &mut File::create_new(&file)?)
    };
    let length = copy().map_err(ModelFault::io("can't take over", &file))?;
    if length > part.most {
        return Err(ModelFault::TooLarge { what: part.path.to_owned(), most: part.most });
    }
    Ok(())
}

/// Which folder of an archive with these files is a model's: the one nearest to the top. It ends with
/// a slash, or is empty.
pub(super) fn root_of(names: &BTreeSet<String>) -> Result<String, ModelFault> {
    let is_model = |root: &&str| {
        FILES.iter().filter(|part| part.is_needed).all(|part| names.contains(&format!("{root}{}", part.path)))
    };
    let roots = names.iter().filter_map(|name| name.strip_suffix(WEIGHTS_FILE)).filter(is_model);
    let mut roots: Vec<&str> = roots.collect();
    roots.sort_by_key(|root| root.matches('/').count());
    let depth = |root: &str| root.matches('/').count();
    match roots[..] {
        [] => Err(nothing_there(
            "there is no folder in it that has config.json, tokenizer.json and model.safetensors",
        )),
        [first, second, ..] if depth(first) == depth(second) => {
            Err(ModelFault::NotAModel(format!("there are several in it, {first} and {second}")))
        }
        [first, ..] => Ok(first.to_owned()),
    }
}

/// Which part of a model a file of an archive is.
pub(super) fn part_at(root: &str, name: &str) -> Option<&'static ModelPart> {
    let path = name.strip_prefix(root)?;
    FILES.iter().find(|part| part.path == path)
}

/// A path as archives write it, without a point before it.
///
/// # Errors
/// It leads out of the archive.
pub(super) fn checked_path(path: &str) -> Result<&str, ModelFault> {
    let leads_out = path.starts_with(['/', '\\'])
        || path.split(['/', '\\']).any(|step| step == ".." || step.contains(':'))
        || path.contains('\0');
    if leads_out {
        return Err(ModelFault::NotAModel(format!("the archive has a path that leads out of it: {path:?}")));
    }
    Ok(path.strip_prefix("./").unwrap_or(path))
}

fn nothing_there(what: &str) -> ModelFault {
    ModelFault::NotAModel(what.to_owned())
}
