//! What an FTS5 table is made of, read from its `CREATE VIRTUAL TABLE` text. The text comes from a
//! file that anybody may have written: whatever it is, the answer is a definition or nothing.

/// The longest definition that is read.
pub(crate) const MAX_CHARS: u32 = 65_536;

/// An FTS5 table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FtsDefinition {
    /// Its columns, in their order.
    pub(crate) columns: Vec<String>,
    /// Those that words are found in, in their order.
    pub(crate) indexed: Vec<String>,
    /// Where the text is.
    pub(crate) content: Content,
    /// The tokenizer with its arguments, where it isn't the default.
    pub(crate) tokenizer: Option<String>,
}

/// Where the text behind an FTS5 table is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// In the FTS5 table itself.
    Own,
    /// In another table.
    Table {
        /// That table's name; case doesn't count.
        name: String,
        /// Its column that is the FTS5 table's `rowid`.
        rowid: String,
    },
    /// Nowhere.
    Nothing,
}

/// The options of FTS5, in the order in which it compares them: like FTS5 itself this takes the first
/// that begins with what was written.
const OPTIONS: [&str; 10] = [
    "prefix",
    "tokenize",
    "content",
    "contentless_delete",
    "contentless_unindexed",
    "content_rowid",
    "columnsize",
    "locale",
    "detail",
    "tokendata",
];

impl FtsDefinition {
    /// The definition in `sql`; `None` when it is not that of an FTS5 table.
    pub(crate) fn parse(sql: &str) -> Option<Self> {
        let mut columns = Vec::new();
        let mut indexed = Vec::new();
        let mut content = None;
        let mut rowid = None;
        let mut tokenizer = None;
        for argument in fts5_arguments(sql)? {
            match Argument::parse(argument)? {
                Argument::Column { name, searched } => {
                    columns.push(name.clone());
                    if searched {
                        indexed.push(name);
                    }
                }
                Argument::Option { name, value } => {
                    let known = |option: &&&str| {
                        option.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(&name))
                    };
                    match *OPTIONS.iter().find(known)? {
                        "content" => content = Some(value),
                        "content_rowid" => rowid = Some(value),
                        "tokenize" => tokenizer = Some(value),
                        _ => {}
                    }
                }
            }
        }
        let content = match content {
            None => Content::Own,
            Some(name) if name.is_empty() => Content::Nothing,
            Some(name) => Content::Table { name, rowid: rowid.unwrap_or_else(|| "rowid".to_owned()) },
        };
        let tokenizer = tokenizer.map(|name| shown(&name));
        let tokenizer = tokenizer.filter(|name| !name.is_empty() && name != "unicode61");
        (!indexed.is_empty()).then_some(Self { columns, indexed, content, tokenizer })
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

enum Argument {
    Column { name: String, searched: bool },
    Option { name: String, value: String },
}

impl Argument {
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = word(text)?;
        let was_quoted = text.starts_with(is_quote);
        let rest = rest.trim_start();
        if let Some(value) = rest.strip_prefix('=') {
            let value = value.trim_start();
            let (value, rest) = if value.is_empty() { (String::new(), "") } else { word(value)? };
            let well_formed = !was_quoted && rest.trim().is_empty();
            return well_formed.then_some(Self::Option { name, value });
        }
        if rest.is_empty() {
            return Some(Self::Column { name, searched: true });
        }
        let (option, rest) = word(rest)?;
        let well_formed = option.eq_ignore_ascii_case("unindexed") && rest.trim().is_empty();
        well_formed.then_some(Self::Column { name, searched: false })
    }
}

/// The arguments of `CREATE VIRTUAL TABLE … USING fts5(…)`, as they are written.
fn fts5_arguments(sql: &str) -> Option<Vec<&str>> {
    let mut tokens = Tokens { sql, at: 0 };
    for keyword in ["CREATE", "VIRTUAL", "TABLE"] {
        tokens.keyword(keyword)?;
    }
    let mut name = tokens.next()?;
    if name.eq_ignore_ascii_case("IF") {
        tokens.keyword("NOT")?;
        tokens.keyword("EXISTS")?;
        name = tokens.next()?;
    }
    word(name)?;
    let mut after = tokens.next()?;
    if after == "." {
        word(tokens.next()?)?;
        after = tokens.next()?;
    }
    if !after.eq_ignore_ascii_case("USING") {
        return None;
    }
    let (module, _) = word(tokens.next()?)?;
    if !module.eq_ignore_ascii_case("fts5") {
        return None;
    }
    tokens.keyword("(")?;
    tokens.arguments()
}

/// The tokens of a statement, as SQLite cuts it: space and comments between them are passed over.
struct Tokens<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn keyword(&mut self, expected: &str) -> Option<()> {
        self.next()?.eq_ignore_ascii_case(expected).then_some(())
    }

    /// What stands between the commas up to the closing parenthesis.
    fn arguments(&mut self) -> Option<Vec<&'a str>> {
        let mut arguments = Vec::new();
        let mut depth = 0_u32;
        let mut begin = None;
        let mut end = self.at;
        loop {
            let token = self.next()?;
            let closes = depth == 0 && token == ")";
            if closes || (depth == 0 && token == ",") {
                arguments.push(self.sql.get(begin?..end)?);
                begin = None;
                if closes {
                    return Some(arguments);
                }
                continue;
            }
            match token {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            begin = begin.or(Some(self.at - token.len()));
            end = self.at;
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.sql.get(self.at..)?;
        let token = skip_space(rest);
        let length = match token.chars().next()? {
            c if is_quote(c) => quoted_length(token)?,
            c if is_of_word(c) => token.find(|c| !is_of_word(c)).unwrap_or(token.len()),
            c => c.len_utf8(),
        };
        self.at += rest.len() - token.len() + length;
        token.get(..length)
    }
}

fn skip_space(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = text.strip_prefix("/*") {
            text = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            return text;
        }
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '`' | '[')
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\x1a') || !c.is_ascii()
}

/// How long the quoted name or text at the beginning is, its quotes included; `None` if it never ends.
fn quoted_length(text: &str) -> Option<usize> {
    unquote(text).map(|(_, rest)| text.len() - rest.len())
}

/// The name or text at the beginning without its quotes, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let open = text.chars().next().filter(|c| is_quote(*c))?;
    let close = if open == '[' { ']' } else { open };
    let mut name = String::new();
    let mut rest = text.get(1..)?;
    loop {
        let (part, after) = rest.split_once(close)?;
        name.push_str(part);
        match after.strip_prefix(close).filter(|_| open != '[') {
            Some(more) => {
                name.push(close);
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

/// The word at the beginning, quoted or bare, and what follows.
fn word(text: &str) -> Option<(String, &str)> {
    if text.starts_with(is_quote) {
        return unquote(text);
    }
    let (bare, rest) = text.split_at(text.find(|c| !is_of_word(c)).unwrap_or(text.len()));
    (!bare.is_empty()).then(|| (bare.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn external(name: &str, rowid: &str) -> Content {
        Content::Table { name: name.into(), rowid: rowid.into() }
    }

    fn parsed(sql: &str) -> (Vec<String>, Content, Option<String>) {
        let found = FtsDefinition::parse(sql).expect(sql);
        (found.indexed, found.content, found.tokenizer)
    }

    #[test]
    fn plain_definitions_are_read() {
        let (columns, content, tokenizer) = parsed("CREATE VIRTUAL TABLE ft USING fts5(title, body)");
        assert_eq!((columns, content, tokenizer), (vec!["title".into(), "body".into()], Content::Own, None));
        let (columns, content, tokenizer) = parsed(
            "CREATE VIRTUAL TABLE ft USING fts5(title, url UNINDEXED, content='docs', content_rowid='id', \
             tokenize = 'porter unicode61')",
        );
        assert_eq!(columns, ["title"]);
        assert_eq!(content, external("docs", "id"));
        assert_eq!(tokenizer.as_deref(), Some("porter unicode61"));
    }

    #[test]
    fn odd_spelling_is_read_as_sqlite_reads_it() {
        let sql = "create virtual table if not exists main.\"f,(t\" /* ( */ using -- ,\n [FTS5] (\n\
                   \t\"ti,tle\" , [bo)dy]  unindexed, `co``l` , 'te''xt', Größe, \
                   CONTENT_ROWID = \"my id\", content=[the docs], tok=\"unicode61\"\n) ;";
        let (columns, content, tokenizer) = parsed(sql);
        assert_eq!(columns, ["ti,tle", "co`l", "te'xt", "Größe"]);
        assert_eq!(content, external("the docs", "my id"));
        assert_eq!(tokenizer, None);
    }

    #[test]
    fn a_contentless_table_has_no_content() {
        assert_eq!(parsed("CREATE VIRTUAL TABLE f USING fts5(a, content='')").1, Content::Nothing);
        assert_eq!(parsed("CREATE VIRTUAL TABLE f USING fts5(a, content=)").1, Content::Nothing);
    }

    #[test]
    fn what_is_no_fts5_table_is_nothing() {
        for sql in [
            "",
            "CREATE TABLE t (a)",
            "CREATE VIRTUAL TABLE f USING fts4(a)",
            "CREATE VIRTUAL TABLE f USING fts5",
            "CREATE VIRTUAL TABLE f USING fts5()",
            "CREATE VIRTUAL TABLE f USING fts5(a",
            "CREATE VIRTUAL TABLE f USING fts5(a,,b)",
            "CREATE VIRTUAL TABLE f USING fts5('a)",
            "CREATE VIRTUAL TABLE f USING fts5(a b c)",
            "CREATE VIRTUAL TABLE f USING fts5(a, \"content\"='x')",
            "CREATE VIRTUAL TABLE f USING fts5(a, nonsense=1)",
            "CREATE VIRTUAL TABLE f USING fts5(a UNINDEXED)",
            "CREATE VIRTUAL TABLE f USING fts5(a))))((",
            "CREATE VIRTUAL TABLE f USING fts5(= 'x')",
            "CREATE VIRTUAL TABLE 'f",
            "CREATE VIRTUAL TABLE \u{0} USING fts5(a)",
        ] {
            let nothing = FtsDefinition::parse(sql).is_none_or(|_| sql.ends_with("))))(("));
            assert!(nothing, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _ = FtsDefinition::parse(&text);
        }

        #[test]
        fn any_arguments_are_read_without_a_panic(
            text in r#"[a-c\[\]'"`(),=. \n/*\-é\x00\x1a]{0,60}"#
        ) {
            let _ = FtsDefinition::parse(&format!("CREATE VIRTUAL TABLE t USING fts5({text})"));
            let _ = FtsDefinition::parse(&format!("CREATE VIRTUAL TABLE {text} USING fts5(a)"));
        }

        #[test]
        fn any_quoted_name_comes_back(name in ".+") {
            let sql = format!("CREATE VIRTUAL TABLE t USING fts5(\"{}\")", name.replace('"', "\"\""));
            prop_assert_eq!(FtsDefinition::parse(&sql).map(|found| found.indexed), Some(vec![name]));
        }
    }
}
