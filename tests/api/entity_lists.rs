//! Lists of records: what they cost the server, words and relevance, how they are counted, relations by
//! hand.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, text};
use crate::samples::connection_to;
use crate::shop::{Shop, register_all};

/// A hundred posts with authors, comments by people and tags; every second person has written something of
/// their own that isn't for everybody.
const BLOG: &str = "
CREATE TABLE people (
    id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, secret TEXT NULL, mentor INT NULL,
    FULLTEXT both_words (name, secret));
CREATE TABLE posts (
    id INT PRIMARY KEY, title VARCHAR(80) NOT NULL, body TEXT NOT NULL, author_id INT NOT NULL,
    written DATETIME NOT NULL, FULLTEXT words (title, body),
    FOREIGN KEY (author_id) REFERENCES people (id));
CREATE TABLE comments (
    id INT PRIMARY KEY, words TEXT NOT NULL, post_id INT NOT NULL, by_id INT NOT NULL,
    FOREIGN KEY (post_id) REFERENCES posts (id), FOREIGN KEY (by_id) REFERENCES people (id));
CREATE TABLE tags (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL);
CREATE TABLE post_tags (post_id INT NOT NULL, tag_id INT NOT NULL, PRIMARY KEY (post_id, tag_id),
    FOREIGN KEY (post_id) REFERENCES posts (id), FOREIGN KEY (tag_id) REFERENCES tags (id));
INSERT INTO people SELECT seq, CONCAT('Person ', seq), IF(seq % 2, 'likes marmalade', NULL), NULLIF(seq - 1, 0)
    FROM seq_1_to_20;
INSERT INTO posts SELECT seq, CONCAT('Post ', seq), IF(seq % 4, 'about gardens', 'lighthouses and boats'),
    1 + seq % 20, '2026-01-01' + INTERVAL seq DAY FROM seq_1_to_150;
UPDATE posts SET title = 'Lighthouses, lighthouses' WHERE id = 100;
INSERT INTO comments SELECT seq, 'well said', 1 + seq % 150, 1 + seq % 20 FROM seq_1_to_600;
INSERT INTO tags SELECT seq, CONCAT('tag ', seq) FROM seq_1_to_5;
INSERT INTO post_tags SELECT 1 + seq % 150, 1 + seq % 5 FROM seq_1_to_150;
ANALYZE TABLE people, posts, comments, tags, post_tags;";

/// The blog on a server of its own, so that its statements can be counted.
struct Blog {
    server: MariaDb,
    session: Caller,
}

impl Blog {
    async fn new() -> Self {
        let server = MariaDb::start();
        let database = server.create_database();
        server.execute(&database, BLOG);
        let session = TestApp::shared(Kind::Sqlite).session().await;
        let id = session.connect(connection_to(&server, &database)).await;
        assert_eq!(register_all(&session, &id).await.len(), 5);
        Self { server, session }
    }

    /// An answer, and how many times the server was asked for rows.
    async fn counted(&self, path: &str) -> (Answer, u64) {
        let before = self.selects();
        let answer = self.session.get(path).await;
        (answer, self.selects() - before)
    }

    fn selects(&self) -> u64 {
        let status = self.server.query("", "SHOW GLOBAL STATUS LIKE 'Com_select'");
        let number = status.split_whitespace().nth(1).expect("a name and a number");
        number.parse().expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_include_is_one_statement_for_each_relation_and_level_whatever_the_page_holds() {
    let blog = Blog::new().await;
    blog.session.get("/api/v1/posts").await.is(200);
    let plain = blog.counted("/api/v1/posts?limit=100&count=none").await.1;
    assert_eq!(plain, 1);
    for (limit, include, relations) in [
        (1, "author", 1),
        (100, "author", 1),
        (100, "author.comments", 2),
        (100, "author.posts,comments.by,tags.posts", 6),
        (100, "author,author.posts,comments,comments.by,tags", 5),
    ] {
        let path = format!("/api/v1/posts?limit={limit}&count=none&include={include}");
        let (answer, statements) = blog.counted(&path).await;
        let answer = answer.is(200);
        assert_eq!(answer.data().as_array().map(Vec::len), Some(limit), "{include}");
        assert_eq!(statements, plain + relations, "{limit} with {include}");
    }
    let found = blog.session.get("/api/v1/posts?limit=100&include=comments.by").await.is(200);
    for post in found.data().as_array().expect("posts") {
        let comments = post["comments"].as_array().expect("comments");
        assert_eq!(comments.len(), 4, "{post}");
        for comment in comments {
            assert_eq!((&comment["postId"], &comment["byId"]), (&post["id"], &comment["by"]["id"]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_a_hidden_column_never_reaches_the_server() {
    let blog = Blog::new().await;
    let hide = json!({ "fields": { "secret": { "hidden": true } } });
    blog.session.send("PATCH", "/api/v1/entities/people", Some(&hide)).await.is(200);
    blog.session.get("/api/v1/people?search=person").await.is(200);
    for path in [
        "/api/v1/people?filter[secret][startsWith]=likes",
        "/api/v1/people?count=exact&filter[secret][isNull]=true",
        "/api/v1/people?sort=secret",
        "/api/v1/people?fields=secret",
        "/api/v1/posts?filter[author.secret][like]=l%25",
    ] {
        let (answer, statements) = blog.counted(path).await;
        assert_eq!((answer.status, statements), (400, 0), "{path}: {}", answer.text);
    }
    // The one full-text index covers it too: words are looked for beside it.
    let found = blog.session.get("/api/v1/people?search=marmalade").await.is(200);
    assert_eq!((found.data(), &found.body["pagination"]["total"]), (&json!([]), &json!(0)));
    let found = blog.session.get("/api/v1/people?search=person&count=exact").await.is(200);
    assert_eq!(found.body["pagination"]["total"], 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_looked_for_and_sorted_by_how_well_they_fit() {
    let blog = Blog::new().await;
    let found = blog.session.get("/api/v1/posts?search=lighthouses&sort=-_score&limit=100").await.is(200);
    let posts = found.data().as_array().expect("posts").clone();
    assert_eq!((posts.len(), &found.body["pagination"]["total"]), (37, &json!(37)));
    assert_eq!(posts[0]["id"], 100);
    let filtered = "/api/v1/posts?search=lighthouses&filter[id][lte]=12&sort=-id";
    let found = blog.session.get(filtered).await.is(200);
    let ids: Vec<&Value> = found.data().as_array().expect("posts").iter().map(|post| &post["id"]).collect();
    assert_eq!(ids, [12, 8, 4]);
    // Operators of the server's own language are words of no meaning.
    for words in ["%2Bgardens%20-about", "%22", "gardens*)(", "%40%3E"] {
        blog.session.get(&format!("/api/v1/posts?search={words}")).await.is(200);
    }
    let refused = blog.session.get("/api/v1/posts?sort=-_score").await.fails(400, "INVALID_SORT");
    assert_eq!(refused.details()["field"], "sort._score");
    // By cursor, every match comes once.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/posts?search=lighthouses&sort=-_score&limit=10&cursor={cursor}");
        let part = blog.session.get(&path).await.is(200);
        seen.extend(part.data().as_array().expect("posts").iter().map(|post| post["id"].clone()));
        match &part.body["pagination"]["nextCursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => break,
        }
    }
    assert_eq!(seen, posts.iter().map(|post| post["id"].clone()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_counted_as_it_is_asked_for() {
    let blog = Blog::new().await;
    let counted = async |count: &str| {
        let path = format!("/api/v1/posts?limit=2&count={count}");
        let (answer, statements) = blog.counted(&path).await;
        (answer.is(200).body["pagination"]["total"].clone(), statements)
    };
    counted("none").await;
    assert_eq!(counted("none").await, (Value::Null, 1));
    assert_eq!(counted("exact").await, (json!(150), 2));
    let (estimate, _) = counted("estimated").await;
    assert!((75..=300).contains(&estimate.as_u64().expect("a number")), "{estimate}");
    let refused = blog.session.get("/api/v1/posts?count=some").await.fails(400, "VALIDATION_ERROR");
    assert_eq!(refused.faulty_fields(), ["count"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_go_by_the_column_that_the_registry_names() {
    let blog = Blog::new().await;
    let from_to = "/api/v1/posts?startDate=2026-01-11&endDate=2026-01-12&sort=id";
    let refused = blog.session.get(from_to).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(refused.faulty_fields(), ["startDate"]);
    let change = json!({ "dateField": "written" });
    blog.session.send("PATCH", "/api/v1/entities/posts", Some(&change)).await.is(200);
    let found = blog.session.get(from_to).await.is(200);
    let ids: Vec<&Value> = found.data().as_array().expect("posts").iter().map(|post| &post["id"]).collect();
    assert_eq!(ids, [10, 11]);
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_added_by_hand() {
    let shop = Shop::of(TestApp::shared(Kind::Sqlite), BLOG).await;
    let relations = json!({
        "teacher": { "type": "belongsTo", "entity": "people", "foreignKey": "mentor" },
        "pupils": { "type": "hasMany", "entity": "people", "foreignKey": "mentor" },
        "discussed": { "type": "manyToMany", "entity": "posts",
            "through": { "table": "comments", "foreignKey": "by_id", "otherKey": "post_id" } },
    });
    shop.change("people", json!({ "relations": relations })).await;
    let metadata = shop.session.send("OPTIONS", "/api/v1/people", None).await.is(200);
    assert_eq!(metadata.data()["relations"]["pupils"]["type"], "hasMany");
    let found = shop.session.get("/api/v1/people/2?include=teacher,pupils,discussed").await.is(200);
    let person = found.data();
    assert_eq!((&person["teacher"]["id"], &person["pupils"][0]["id"]), (&json!(1), &json!(3)));
    let discussed = person["discussed"].as_array().expect("posts");
    assert!(!discussed.is_empty() && discussed.iter().all(|post| post["title"].is_string()), "{person}");
    let pupils = "/api/v1/people?filter[teacher.name]=Person%201";
    let found = shop.session.get(pupils).await.is(200);
    let names: Vec<String> =
        found.data().as_array().expect("people").iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["Person 2"]);
    let wrong = json!({ "relations": {
        "nobody": { "type": "belongsTo", "entity": "no-such", "foreignKey": "mentor" },
        "name": { "type": "belongsTo", "entity": "people", "foreignKey": "mentor" },
        "comments": { "type": "hasMany", "entity": "no-such", "foreignKey": "by_id" },
    } });
    let refused = shop.session.send("PATCH", "/api/v1/entities/people", Some(&wrong)).await;
    let refused = refused.fails(400, "VALIDATION_ERROR");
    assert_eq!(refused.faulty_fields(), ["relations.comments", "relations.name", "relations.nobody"]);
    // A relation leads nowhere over a column that is hidden.
    shop.change("people", json!({ "fields": { "mentor": { "hidden": true } }, "relations": {} })).await;
    let hidden = json!({ "relations": { "teacher": relations["teacher"] } });
    let refused = shop.session.send("PATCH", "/api/v1/entities/people", Some(&hidden)).await;
    assert_eq!(refused.fails(400, "VALIDATION_ERROR").faulty_fields(), ["relations.teacher"]);
}
