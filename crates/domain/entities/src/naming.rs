//! What columns, relations and tables are called where nobody said.

use std::collections::BTreeSet;

use crate::{EntityName, FieldCase};

/// What a column is called.
pub(crate) fn field_name(column: &str, case: FieldCase) -> String {
    match case {
        FieldCase::AsIs => column.to_owned(),
        FieldCase::Camel => camel(column),
    }
}

/// `created_at` as `createdAt`, `AlbumId` as `albumId`, `ISBN` as `isbn`.
pub(crate) fn camel(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut camel = String::with_capacity(name.len());
    for (at, word) in words.iter().enumerate() {
        let shouts = !word.chars().any(char::is_lowercase);
        let mut characters = word.chars();
        let first = characters.next().into_iter();
        match (at, shouts) {
            (0, true) => camel.extend(word.chars().flat_map(char::to_lowercase)),
            (0, false) => camel.extend(first.flat_map(char::to_lowercase).chain(characters)),
            (_, true) => camel
                .extend(first.flat_map(char::to_uppercase).chain(characters.flat_map(char::to_lowercase))),
            (_, false) => camel.extend(first.flat_map(char::to_uppercase).chain(characters)),
        }
    }
    if camel.is_empty() { name.to_owned() } else { camel }
}

/// What the relation through a foreign key is called: `author_id` leads to the `author`. `None` where the
/// column isn't named after what it refers to.
pub(crate) fn relation_name(column: &str, case: FieldCase) -> Option<String> {
    let stem = ["_id", "_ID", "Id", "ID"].iter().find_map(|end| column.strip_suffix(end))?;
    (!stem.is_empty()).then(|| field_name(stem, case))
}

/// A name for the entity of a table, other than those that are taken.
pub(crate) fn entity_name(table: &str, taken: &BTreeSet<EntityName>) -> Option<EntityName> {
    let mut plain = String::new();
    for character in table.chars() {
        match character {
            'a'..='z' | '0'..='9' | '_' | '-' => plain.push(character),
            'A'..='Z' => plain.push(character.to_ascii_lowercase()),
            _ => plain.push('-'),
        }
    }
    let plain: String = plain.chars().take(EntityName::MAX_CHARS - 4).collect();
    let candidates = std::iter::once(plain.clone()).chain((2..1_000).map(|at| format!("{plain}-{at}")));
    candidates.filter_map(|name| EntityName::parse(&name)).find(|name| !taken.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_people_would() {
        for (name, expected) in [
            ("created_at", "createdAt"),
            ("createdAt", "createdAt"),
            ("AlbumId", "albumId"),
            ("ISBN", "isbn"),
            ("ZIP_CODE", "zipCode"),
            ("zip code", "zipCode"),
            ("_id", "id"),
            ("größe_1", "größe1"),
            ("__", "__"),
        ] {
            assert_eq!(camel(name), expected, "{name}");
        }
        assert_eq!(
            relation_name("original_language_id", FieldCase::Camel).as_deref(),
            Some("originalLanguage")
        );
        assert_eq!(relation_name("AlbumId", FieldCase::Camel).as_deref(), Some("album"));
        assert_eq!(relation_name("ReportsTo", FieldCase::Camel), None);
        let taken = BTreeSet::from([EntityName::parse("film").unwrap()]);
        assert_eq!(entity_name("Film", &taken).unwrap().as_str(), "film-2");
        assert_eq!(entity_name("Straße", &taken).unwrap().as_str(), "stra-e");
    }
}
