//! Searching: the main job, from an empty installation to the right rows.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::app::{Kind, TestApp};
use crate::client::{Account, PASSWORD, text};
use crate::samples::{
    ARTICLES, articles, assert_scores_fall, connection, database, open_sqlite, row_ids, sqlite_articles,
};

on_both! {
    from_registration_to_the_right_rows,
    several_databases_are_one_ranked_list,
    what_is_searched_is_the_data_of_now,
    nothing_typed_is_an_error,
    what_is_asked_for_is_what_comes_back,
    names_that_exist_nowhere_are_named,
}

async fn from_registration_to_the_right_rows(app: &TestApp) {
    let account = Account::register(&app.anonymous()).await;
    let login = json!({ "email": account.email, "password": PASSWORD });
    let login = app.anonymous().post("/api/v1/auth/login", login).await.is(200);
    let session = app.caller(&text(&login.data()["token"]));
    let name = articles();
    let id = session.connect(connection(&name)).await;
    session.post(&format!("/api/v1/databases/{id}/test"), json!({})).await.is(200);
    session.get(&format!("/api/v1/databases/{id}/schema")).await.is(200);
    let key = session.with(&session.set_up(&["search"]).await);

    let answer = key.search(json!({ "query": "backup restore" })).await;
    let results = &answer["results"];
    assert_eq!(row_ids(results), [1, 2, 3], "{answer}");
    assert_scores_fall(results);
    let best = &results[0];
    assert_eq!(best["databaseId"], id);
    assert_eq!(best["database"], name);
    assert_eq!(best["table"], "articles");
    assert_eq!(best["matchedColumns"], json!(["title", "body"]));
    assert_eq!(best["data"], json!({ "id": 1, "title": ARTICLES[0].1, "body": ARTICLES[0].2 }));
    assert!(text(&best["snippet"]).contains("<mark>backup</mark>"), "{best}");
    assert!(text(&results[2]["snippet"]).contains("nightly <mark>backup</mark> is quicker"), "{results}");
    assert_eq!(results[2]["matchedColumns"], json!(["body"]));
    assert_eq!(answer["totalCount"], 3);
    assert_eq!(answer["totalCountRelation"], "eq");
    assert_eq!(answer["page"], 1);
    assert_eq!(answer["limit"], 20);
    assert_eq!(answer["cached"], false);
    assert_eq!(answer["degraded"], json!([]));
    assert_eq!(answer["failures"], json!([]));
    assert!(answer["executionTime"].is_u64(), "{answer}");

    let again = key.search(json!({ "query": "backup restore", "databases": [id] })).await;
    assert_ne!(again["searchId"], answer["searchId"]);
    let ids = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().expect("results are a list");
        results.iter().map(|result| text(&result["id"])).collect()
    };
    assert_eq!(ids(&again), ids(&answer), "a row has the same id in every search");
    let nothing = key.search(json!({ "query": "zeppelin" })).await;
    assert_eq!((&nothing["results"], &nothing["totalCount"]), (&json!([]), &json!(0)));
}

async fn several_databases_are_one_ranked_list(app: &TestApp) {
    let session = app.session().await;
    let table =
        "CREATE TABLE notes (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, FULLTEXT (title, body));";
    let strong = database(&format!(
        "{table} INSERT INTO notes VALUES (10, 'Harbour pilots', 'How a harbour pilot guides ships into the harbour'),
         (11, 'Weather', 'Rain is expected over the hills')"
    ));
    let weak = database(&format!(
        "{table} INSERT INTO notes VALUES (20, 'Minutes of the meeting', 'We spoke of the budget, the roof, the new
         chairs and the old ones, the summer party, the parking spaces and, for a moment, of the harbour')"
    ));
    let rows = [
        (30, "A walk in the harbour", "The harbour has two piers and a lighthouse"),
        (31, "Bread", "Flour, salt"),
    ];
    let file = sqlite_articles(&app.sources(), "several.db", &rows).await;
    let ids = [
        session.connect(connection(&strong)).await,
        session.connect(connection(&weak)).await,
        session.connect(file).await,
    ];

    for body in [json!({ "query": "harbour pilot" }), json!({ "query": "harbour pilot", "databases": ids })] {
        let answer = session.search(body).await;
        assert_eq!(row_ids(&answer["results"]), [10, 30, 20], "{answer}");
        assert_scores_fall(&answer["results"]);
        let from = |at: usize| text(&answer["results"][at]["databaseId"]);
        assert_eq!([from(0), from(1), from(2)], [ids[0].clone(), ids[2].clone(), ids[1].clone()]);
        assert_eq!(answer["totalCount"], 3);
        assert_eq!(answer["failures"], json!([]));
    }
    let one = session.search(json!({ "query": "harbour pilot", "databases": [ids[1]] })).await;
    assert_eq!(row_ids(&one["results"]), [20]);
}

async fn what_is_searched_is_the_data_of_now(app: &TestApp) {
    let session = app.session().await;
    let name = articles();
    let file = format!("live-{}.db", app.port());
    session.connect(connection(&name)).await;
    session.connect(sqlite_articles(&app.sources(), &file, &ARTICLES).await).await;
    let find = async |query: &str| row_ids(&session.search(json!({ "query": query })).await["results"]);
    let mut before = find("backup").await;
    before.sort_unstable();
    assert_eq!(before, [1, 1, 2, 2, 3, 3]);

    let change =
        "DELETE FROM articles WHERE id = 1; INSERT INTO articles VALUES (9, 'Xylophones', 'A backup band')";
    MariaDb::shared().execute(&name, change);
    let mut sqlite = open_sqlite(&app.sources(), &file).await;
    sqlite.execute(change).await.expect("SQLite takes the script");
    let mut after = find("backup").await;
    after.sort_unstable();
    assert_eq!(after, [2, 2, 3, 3, 9, 9]);
    assert_eq!(find("xylophones").await, [9, 9]);
    MariaDb::shared().execute(&name, "UPDATE articles SET body = 'Nothing more' WHERE id = 9");
    let results = session.search(json!({ "query": "xylophones" })).await["results"].clone();
    assert!(results.to_string().contains("Nothing more"), "{results}");
}

async fn nothing_typed_is_an_error(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    let file = format!("typed-{}.db", app.port());
    session.connect(sqlite_articles(&app.sources(), &file, &ARTICLES).await).await;
    let long = "backup ".repeat(71);
    let marks = "é".repeat(500);
    for query in [
        "*",
        "+",
        "-",
        "\"",
        "'",
        "(",
        ")",
        "@",
        "~",
        "<",
        ">",
        "\\",
        "%",
        "_",
        "`",
        ";",
        "--",
        "/*",
        "\0",
        "\u{feff}",
        "+-*",
        "a+",
        "c++",
        "\"open",
        "((((",
        "a@b.com",
        "\"a b\"@3",
        "\"a b\"*",
        "NEAR(a b)",
        "title:backup",
        "^a",
        "AND",
        "OR",
        "NOT",
        "a AND",
        "NOT a",
        "' OR '1'='1",
        "'; DROP TABLE articles; --",
        "\\' OR 1=1 --",
        "1 UNION SELECT 1",
        "{\"query\":1}",
        "🦀",
        "備份",
        "ﷺ",
        "a\u{300}\u{300}\u{300}",
        "\u{202e}pukcab",
        "b\0ackup",
        "\n\t backup \r",
        "backup\u{2028}restore",
        "🏳️‍🌈 backup",
        &long[..497],
        &marks,
    ] {
        let answer = session.post("/api/v1/search", json!({ "query": query })).await.is(200);
        assert_eq!(answer.data()["failures"], json!([]), "{query:?}: {}", answer.text);
        if query.contains("backup") && !query.contains(':') {
            assert_eq!(answer.data()["totalCount"], 6, "{query:?}: {}", answer.text);
        }
    }
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 6, "nothing was dropped");
}

async fn what_is_asked_for_is_what_comes_back(app: &TestApp) {
    let session = app.session().await;
    let name = database(
        "CREATE TABLE faq (id INT PRIMARY KEY, question VARCHAR(200), answer TEXT, author VARCHAR(40),
            FULLTEXT (question), FULLTEXT (answer));
         INSERT INTO faq VALUES (1, 'How do I bake <b>bread</b>?', 'With flour & water', 'Jo'),
            (2, 'Which flour?', 'The one for bread <script>alert(1)</script>', 'Mo');
         CREATE TABLE recipes (id INT PRIMARY KEY, name VARCHAR(200), FULLTEXT (name));
         INSERT INTO recipes VALUES (7, 'Bread with olives')",
    );
    let id = session.connect(connection(&name)).await;
    let ask = async |further: Value| {
        let mut body = json!({ "query": "bread" });
        for (field, value) in further.as_object().expect("an object") {
            body[field] = value.clone();
        }
        session.search(body).await
    };
    let sorted = |answer: &Value| {
        let mut ids = row_ids(&answer["results"]);
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(&ask(json!({})).await), [1, 2, 7]);
    assert_eq!(sorted(&ask(json!({ "tables": ["faq"] })).await), [1, 2]);
    assert_eq!(sorted(&ask(json!({ "tables": ["faq"], "columns": ["answer"] })).await), [2]);
    let fields = ask(json!({ "tables": ["faq"], "columns": ["answer"], "fields": ["author"] })).await;
    assert_eq!(
        fields["results"][0]["data"],
        json!({ "id": 2, "author": "Mo" }),
        "the primary key always comes back"
    );
    let all = ask(json!({})).await;
    let best = all["results"][0]["relevanceScore"].as_f64().expect("a score");
    let least = ask(json!({ "minScore": best - 1e-9 })).await;
    assert_eq!(least["results"].as_array().map(Vec::len), Some(1), "{least}");

    // Row text is escaped, the tags are not.
    let plain = ask(json!({ "tables": ["faq"] })).await;
    assert!(
        !plain.to_string().contains("<b>bread") || !text(&plain["results"][0]["snippet"]).contains("<b>")
    );
    let marked = ask(
        json!({ "tables": ["faq"], "highlight": { "preTag": "<em class=\"hit\">", "postTag": "</em>" } }),
    )
    .await;
    let of = |id: u64| {
        let results = marked["results"].as_array().expect("a list");
        results.iter().find(|result| result["data"]["id"] == id).expect("the row is there")["highlights"]
            .clone()
    };
    assert_eq!(of(1)["question"], "How do I bake &lt;b&gt;<em class=\"hit\">bread</em>&lt;/b&gt;?");
    assert!(!text(&of(2)["answer"]).contains("<script>"), "{marked}");
    let with_marks = ask(json!({ "tables": ["faq"], "highlight": true })).await;
    assert!(with_marks["results"].to_string().contains("<mark>bread</mark>"), "{with_marks}");
    assert_eq!(plain["results"][0].get("highlights"), None, "highlights are there for those who ask");

    let semantic = ask(json!({ "searchMode": "semantic" })).await;
    assert_eq!(semantic["degraded"], json!(["ai"]));
    assert_eq!(sorted(&semantic), [1, 2, 7]);
    let mut narrow = connection(&name);
    narrow["name"] = json!("recipes alone");
    narrow["searchOptions"] = json!({ "defaultSearchTables": ["recipes"] });
    let narrow = session.connect(narrow).await;
    assert_eq!(sorted(&ask(json!({ "databases": [narrow] })).await), [7]);
    assert_eq!(sorted(&ask(json!({ "databases": [id, narrow] })).await), [1, 2, 7, 7]);
    let mut passive = connection(&name);
    passive["name"] = json!("not active");
    passive["isActive"] = json!(false);
    let passive = session.connect(passive).await;
    assert_eq!(sorted(&ask(json!({ "tables": ["recipes"] })).await), [7, 7], "only active ones unless named");
    assert_eq!(sorted(&ask(json!({ "databases": [passive] })).await), [1, 2, 7]);
}

async fn names_that_exist_nowhere_are_named(app: &TestApp) {
    let session = app.session().await;
    session.connect(connection(&articles())).await;
    for (field, wrong) in
        [("tables", "articels"), ("columns", "titel"), ("fields", "boddy`; DROP TABLE articles; --")]
    {
        let body = json!({ "query": "backup", field: [wrong] });
        let answer = session.post("/api/v1/search", body).await.fails(400, "VALIDATION_ERROR");
        assert!(text(&answer.details()["field"]).starts_with(field), "{}", answer.text);
        assert!(answer.body["error"].to_string().contains(wrong), "{}", answer.text);
    }
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_databases_finds_nothing() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let answer = session.search(json!({ "query": "backup" })).await;
    assert_eq!((&answer["results"], &answer["totalCount"]), (&json!([]), &json!(0)));
    assert_eq!(answer["failures"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_search_are_told_at_once() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let wrong = json!({
        "query": " \t ", "databases": ["x"], "tables": "articles", "searchMode": "fuzzy", "limit": 0, "offset": -1,
        "minScore": 1.5, "timeoutMs": 49, "highlight": 7, "qurey": "backup", "fields": [1],
    });
    let answer = session.post("/api/v1/search", wrong).await.fails(400, "VALIDATION_ERROR");
    let fields = answer.faulty_fields();
    for field in
        ["query", "tables", "searchMode", "limit", "offset", "minScore", "timeoutMs", "highlight", "qurey"]
    {
        assert!(fields.iter().any(|known| known == field), "{field} is not among {fields:?}");
    }
    for body in [
        json!({ "query": "x".repeat(501) }),
        json!({ "query": "x", "limit": 101 }),
        json!({ "query": "x", "limit": 1.5 }),
        json!({ "query": "x", "offset": 10_001 }),
        json!({ "query": "x", "timeoutMs": 60_001 }),
        json!({ "query": null }),
        json!({ "q": "x" }),
    ] {
        session.post("/api/v1/search", body).await.fails(400, "VALIDATION_ERROR");
    }
}
