//! About 60,000 rows of real text: the Debian package index with its long descriptions.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use altus4_test_support::MariaDb;
use mysql_async::{Conn, Opts, Params, Value, prelude::Queryable};

use super::Outcome;

const TABLE: &str = "CREATE TABLE packages (
    id INT PRIMARY KEY, name VARCHAR(191) NOT NULL, section VARCHAR(64), title VARCHAR(512), description TEXT
) ENGINE = InnoDB";
const INDEX: &str = "ALTER TABLE packages ADD FULLTEXT ft_title_description (title, description)";
const ROWS_AT_ONCE: usize = 500;

/// The same rows again under other numbers, each with another one's description.
const AGAIN: &str = "INSERT INTO packages
    SELECT a.id + ? * ?, a.name, a.section, a.title, b.description
    FROM packages a JOIN packages b ON b.id = (a.id + ? * 7919) MOD ? + 1 WHERE a.id <= ?";

/// Makes the table `packages` and fills it with so many times the index; answers the text of each
/// row of the first time.
pub(crate) async fn load(server: &MariaDb, database: &str, times: usize) -> Outcome<Vec<String>> {
    let rows = read_index()?;
    let mut connection = Conn::new(Opts::from_url(&server.url(database))?).await?;
    connection.query_drop(TABLE).await?;
    for (at, chunk) in rows.chunks(ROWS_AT_ONCE).enumerate() {
        let places = vec!["(?, ?, ?, ?, ?)"; chunk.len()].join(", ");
        let values = (1 + at * ROWS_AT_ONCE..).zip(chunk).flat_map(|(id, row)| {
            let cut = |text: &str, chars: usize| Value::from(text.chars().take(chars).collect::<String>());
            let (name, section, title) = (cut(&row.name, 191), cut(&row.section, 64), cut(&row.title, 512));
            [Value::from(id), name, section, title, cut(&row.description, 16_000)]
        });
        let values = Params::Positional(values.collect());
        connection.exec_drop(format!("INSERT INTO packages VALUES {places}"), values).await?;
    }
    for time in 1..times {
        let count = rows.len();
        connection.exec_drop(AGAIN, (time, count, time, count, count)).await?;
    }
    connection.query_drop(INDEX).await?;
    connection.query_drop("ANALYZE TABLE packages").await?;
    Ok(rows.into_iter().map(|row| format!("{} {}", row.title, row.description)).collect())
}

struct Package {
    name: String,
    section: String,
    title: String,
    description: String,
}

/// Reads the lists that apt fetches into a folder of our own.
fn read_index() -> Outcome<Vec<Package>> {
    let folder = tempfile::tempdir()?;
    let lists = folder.path().join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let state = format!("Dir::State::lists={}", lists.display());
    let options = ["-o", &state, "-o", "Acquire::Languages=en", "-o", "Acquire::GzipIndexes=false"];
    let unpacked = ["-o", "APT::Sandbox::User=root", "-qq", "update"];
    let done = Command::new("apt-get").args(options).args(unpacked).status()?;
    let mut packages = BTreeMap::new();
    let mut descriptions = BTreeMap::new();
    for entry in fs::read_dir(&lists)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.ends_with("_Packages") {
            for stanza in stanzas(&path)? {
                if let Some(package) = stanza.get("Package") {
                    packages.entry(package.clone()).or_insert(stanza);
                }
            }
        } else if name.contains("Translation-en") {
            for mut stanza in stanzas(&path)? {
                if let (Some(package), Some(text)) =
                    (stanza.remove("Package"), stanza.remove("Description-en"))
                {
                    descriptions.entry(package).or_insert(text);
                }
            }
        }
    }
    if packages.len() < 1_000 {
        return Err(format!("the package index could not be read ({done}): this benchmark needs apt").into());
    }
    let package = |(name, stanza): (String, BTreeMap<String, String>)| {
        let text = descriptions.get(&name).or_else(|| stanza.get("Description")).unwrap_or(&name);
        let (title, body) = text.split_once('\n').unwrap_or((text, text));
        Package {
            title: title.to_owned(),
            description: body.to_owned(),
            section: stanza.get("Section").cloned().unwrap_or_default(),
            name,
        }
    };
    Ok(packages.into_iter().map(package).collect())
}

/// The paragraphs of a control file (deb822), as fields and values.
fn stanzas(path: &Path) -> Outcome<Vec<BTreeMap<String, String>>> {
    let bytes = fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let stanza = |paragraph: &str| {
        let mut fields = BTreeMap::new();
        let mut last = String::new();
        for line in paragraph.lines() {
            if let Some(more) = line.strip_prefix(' ') {
                if let Some(value) = fields.get_mut(&last) {
                    let value: &mut String = value;
                    value.push('\n');
                    value.push_str(if more == "." { "" } else { more });
                }
            } else if let Some((field, value)) = line.split_once(':') {
                field.clone_into(&mut last);
                fields.insert(last.clone(), value.trim().to_owned());
            }
        }
        fields
    };
    Ok(text.split("\n\n").map(stanza).filter(|fields| !fields.is_empty()).collect())
}
