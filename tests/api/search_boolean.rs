//! Boolean queries: the rows found are those that a naive reading of the query finds, on each kind of
//! database, whatever its full-text index leaves out.

use std::fmt;

use serde_json::json;

use crate::app::TestApp;
use crate::client::{Caller, text};
use crate::samples::{assert_scores_fall, connection, database, row_ids, sqlite_articles};

on_both! {
    random_trees_find_what_a_naive_reading_finds,
    a_query_at_fault_is_told_with_its_place,
    what_is_marked_is_what_was_asked_for,
}

/// Words that indexes hold, leave out for their length, and leave out for being common.
const WORDS: [&str; 9] = ["router", "reset", "lamp", "the", "to", "go", "a", "wi-fi", "don't"];

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    fn text(&mut self, most: usize) -> String {
        let words: Vec<_> = (0..self.below(most)).map(|_| self.word()).collect();
        words.join(if self.below(4) == 0 { ", " } else { " " })
    }

    fn pair(&mut self, depth: usize) -> (Tree, Tree) {
        (self.tree(depth), self.tree(depth))
    }

    fn tree(&mut self, depth: usize) -> Tree {
        let kind = if depth == 0 { self.below(4) } else { self.below(9) };
        match kind {
            0 | 1 => Tree::Word(self.word()),
            2 => Tree::Phrase(self.word(), self.word()),
            3 if self.below(2) == 0 => Tree::Prefix(["rou", "re", "l", "t"][self.below(4)]),
            3 => Tree::In(["title", "body"][self.below(2)], self.word()),
            4 | 5 => Tree::And(Box::new(self.pair(depth - 1))),
            6 | 7 => Tree::Or(Box::new(self.pair(depth - 1))),
            _ => Tree::Not(Box::new(self.tree(depth - 1))),
        }
    }
}

enum Tree {
    Word(&'static str),
    Phrase(&'static str, &'static str),
    Prefix(&'static str),
    In(&'static str, &'static str),
    And(Box<(Tree, Tree)>),
    Or(Box<(Tree, Tree)>),
    Not(Box<Tree>),
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "{word}"),
            Self::Phrase(one, other) => write!(f, "\"{one} {other}\""),
            Self::Prefix(beginning) => write!(f, "{beginning}*"),
            Self::In(column, word) => write!(f, "{column}:{word}"),
            Self::And(pair) => write!(f, "({} AND {})", pair.0, pair.1),
            Self::Or(pair) => write!(f, "({} OR {})", pair.0, pair.1),
            Self::Not(tree) => write!(f, "NOT {tree}"),
        }
    }
}

impl Tree {
    fn holds(&self, title: &str, body: &str) -> bool {
        let anywhere = |words: &[String]| has(title, words) || has(body, words);
        match self {
            Self::Word(word) => anywhere(&cut(word)),
            Self::Phrase(one, other) => anywhere(&cut(&format!("{one} {other}"))),
            Self::Prefix(beginning) => {
                [title, body].iter().any(|text| cut(text).iter().any(|word| word.starts_with(beginning)))
            }
            Self::In("title", word) => has(title, &cut(word)),
            Self::In(_, word) => has(body, &cut(word)),
            Self::And(pair) => pair.0.holds(title, body) && pair.1.holds(title, body),
            Self::Or(pair) => pair.0.holds(title, body) || pair.1.holds(title, body),
            Self::Not(tree) => !tree.holds(title, body),
        }
    }
}

fn cut(text: &str) -> Vec<String> {
    let is_gap = |c: char| !c.is_alphanumeric() && c != '\'';
    text.split(is_gap).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn has(text: &str, words: &[String]) -> bool {
    cut(text).windows(words.len()).any(|window| window == words)
}

/// The same rows on MariaDB and in a SQLite file; the caller, and both ids.
async fn both_kinds(app: &TestApp, name: &str, rows: &[(u32, String, String)]) -> (Caller, [String; 2]) {
    let session = app.session().await;
    let quoted = |text: &str| text.replace('\'', "''");
    let values: Vec<String> = rows
        .iter()
        .map(|(id, title, body)| format!("({id}, '{}', '{}')", quoted(title), quoted(body)))
        .collect();
    let script = format!(
        "CREATE TABLE articles (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, FULLTEXT (title, body));
         INSERT INTO articles VALUES {}",
        values.join(", ")
    );
    let rows: Vec<(u32, &str, &str)> = rows.iter().map(|(id, t, b)| (*id, t.as_str(), b.as_str())).collect();
    let file = sqlite_articles(&app.sources(), &format!("{name}-{}.db", app.port()), &rows).await;
    let ids = [session.connect(connection(&database(&script))).await, session.connect(file).await];
    (session, ids)
}

async fn random_trees_find_what_a_naive_reading_finds(app: &TestApp) {
    let mut dice = Dice(20_261_121);
    let rows: Vec<_> = (1..=60).map(|id| (id, dice.text(4), dice.text(9))).collect();
    let (session, ids) = both_kinds(app, "trees", &rows).await;
    for _ in 0..40 {
        let tree = dice.tree(3);
        let expected: Vec<u64> = rows
            .iter()
            .filter(|(_, title, body)| tree.holds(title, body))
            .map(|(id, ..)| u64::from(*id))
            .collect();
        for id in &ids {
            let body = json!({
                "query": tree.to_string(), "searchMode": "boolean", "databases": [id], "limit": 100,
            });
            let answer = session.search(body).await;
            let mut found = row_ids(&answer["results"]);
            found.sort_unstable();
            assert_eq!(found, expected, "{tree}");
            assert_eq!(answer["totalCount"], expected.len(), "{tree}");
            assert_eq!(answer["totalCountRelation"], "eq", "{tree}");
            assert_scores_fall(&answer["results"]);
        }
    }
}

async fn a_query_at_fault_is_told_with_its_place(app: &TestApp) {
    let rows = [(1, "Router".to_owned(), "Reset".to_owned())];
    let (session, _) = both_kinds(app, "faults", &rows).await;
    let post = async |query: &str| {
        let body = json!({ "query": query, "searchMode": "boolean" });
        session.post("/api/v1/search", body).await
    };
    let fault = post("router AND (reset").await.is(400);
    assert_eq!(fault.body["error"]["code"], "INVALID_QUERY");
    assert_eq!(fault.details()["position"], 17);
    assert!(fault.details()["expected"].is_string());
    let unknown = post("colour:red").await.is(400);
    assert_eq!(unknown.body["error"]["code"], "VALIDATION_ERROR");
    assert!(unknown.body["error"].to_string().contains("colour"), "{}", unknown.body["error"]);
    for odd in
        ["a OR NOT b", "\"\"", "+", "((((", "x:y:z", "NOT", "c++", "a@b.com", "@@@", "\u{0}", "日本 OR *"]
    {
        let status = post(odd).await.status;
        assert!(status == 200 || status == 400, "{odd:?} is {status}");
    }
}

async fn what_is_marked_is_what_was_asked_for(app: &TestApp) {
    let rows = [
        (1, "Router <b>reset</b>".to_owned(), "How to reset the ROUTER & the lamp".to_owned()),
        (2, "Lamp".to_owned(), "A router’s lamp".to_owned()),
    ];
    let (session, ids) = both_kinds(app, "marks", &rows).await;
    for id in ids {
        let body = json!({
            "query": "title:reset -colour", "searchMode": "boolean", "databases": [id],
            "highlight": { "preTag": "<em class=\"x\">", "postTag": "</em>" },
        });
        let answer = session.search(body).await;
        let best = &answer["results"][0];
        assert_eq!(row_ids(&answer["results"]), [1]);
        assert_eq!(best["matchedColumns"], json!(["title"]));
        assert_eq!(
            text(&best["highlights"]["title"]),
            "Router &lt;b&gt;<em class=\"x\">reset</em>&lt;/b&gt;"
        );
    }
}
