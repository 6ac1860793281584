//! Tables as entities: registering them, reading and writing their records, what may be seen.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, text};
use crate::shop::{Shop, escaped};

fn app() -> &'static TestApp {
    TestApp::shared(Kind::Sqlite)
}

fn ids(answer: &Answer) -> Vec<i64> {
    let records = answer.data().as_array().expect("records are a list");
    records.iter().map(|record| record["id"].as_i64().expect("an id")).collect()
}

async fn filtered(caller: &Caller, entity: &str, filter: &Value) -> Answer {
    caller.get(&format!("/api/v1/{entity}?filter={}&sort=id", escaped(&filter.to_string()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_its_whole_api_once_it_is_registered() {
    let shop = Shop::on_mariadb(app()).await;
    let listed = shop.session.get("/api/v1/makers").await.is(200);
    assert_eq!(ids(&listed), [1, 2, 3]);
    assert_eq!(listed.body["pagination"]["total"], 3);
    assert_eq!(listed.header("x-total-count"), "3");
    let made = shop.session.post("/api/v1/makers", json!({ "makerName": "Di" })).await.is(201);
    let id = made.data()["id"].as_i64().expect("an id");
    assert_eq!(made.header("location"), format!("/api/v1/makers/{id}"));
    let path = format!("/api/v1/makers/{id}");
    let found = shop.session.get(&path).await.is(200);
    assert_eq!((found.data(), found.header("etag")), (made.data(), made.header("etag")));
    let changed = shop.session.send("PATCH", &path, Some(&json!({ "makerName": "Dee" }))).await.is(200);
    assert_eq!(changed.data()["makerName"], "Dee");
    assert_ne!(changed.header("etag"), made.header("etag"));
    shop.session.send("DELETE", &path, None).await.is(200);
    shop.session.get(&path).await.fails(404, "NOT_FOUND");
    let put = shop.session.send("PUT", &path, Some(&json!({ "makerName": "Di" }))).await.is(201);
    assert_eq!(put.data()["id"], id);
    let replaced = json!({ "makerName": "Do", "secretRating": 9, "createdAt": "2026-02-01T00:00:00" });
    let replaced = shop.session.send("PUT", &path, Some(&replaced)).await.is(200);
    assert_eq!(replaced.data()["secretRating"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_and_never_the_apis_own() {
    let shop = Shop::on_mariadb(app()).await;
    let register = async |name: &str| {
        let body = json!({ "databaseId": shop.id, "table": "makers", "name": name });
        shop.session.post("/api/v1/entities", body).await
    };
    for taken in ["makers", "keys", "auth", "entities", "search", "api-keys", "status", "health"] {
        register(taken).await.fails(409, "RESOURCE_CONFLICT");
    }
    for wrong in ["", "Makers", "a b", "ü", &"a".repeat(65)] {
        register(wrong).await.fails(400, "VALIDATION_ERROR");
    }
    register("other-makers").await.is(201);
    let again = json!({ "databaseId": shop.id, "tables": "*" });
    assert_eq!(shop.session.post("/api/v1/entities", again).await.is(201).data(), &json!([]));
    shop.session.send("DELETE", "/api/v1/entities/other-makers", None).await.is(200);
    shop.session.get("/api/v1/other-makers").await.fails(404, "ENTITY_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_by_fields_operators_and_relations() {
    let shop = Shop::on_mariadb(app()).await;
    for (filter, expected) in [
        (json!({ "status": "on sale" }), vec![1]),
        (json!({ "price": { "between": ["0.5", "7"] } }), vec![2, 3]),
        (json!({ "stock": "18446744073709551615" }), vec![1]),
        (json!({ "soldOn": "0000-00-00" }), vec![2]),
        (json!({ "digest": "AQI=" }), vec![1]),
        (json!({ "maker.makerName": "Ada" }), vec![1, 2]),
        (json!({ "secondMaker.makerName": { "ne": "Bo" } }), vec![2, 3]),
        (json!({ "or": [{ "title": { "startsWith": "K" } }, { "madeIn": { "isNull": true } }] }), vec![1, 3]),
        (json!({ "not": { "makers.makerName": "Bo" } }), vec![2, 3]),
        (json!({ "title": "' OR 1=1 -- " }), vec![]),
        (json!({ "title": { "in": ["Mug`", "Mug\\", "Mug\u{0}", "Ｍｕｇ／", "Mug"] } }), vec![3]),
    ] {
        assert_eq!(ids(&filtered(&shop.session, "goods", &filter).await.is(200)), expected, "{filter}");
    }
    let brackets = "/api/v1/goods?filter[price][gte]=7&filter[status]=on%20sale";
    assert_eq!(ids(&shop.session.get(brackets).await.is(200)), [1]);
    for (filter, place) in [
        (json!({ "nope": 1 }), "filter.nope"),
        (json!({ "price": { "above": 1 } }), "filter.price.above"),
        (json!({ "stock": "many" }), "filter.stock"),
        (json!({ "id` OR 1=1 -- ": 1 }), "filter.id` OR 1=1 -- "),
        (json!({ "maker.nope": 1 }), "filter.maker.nope"),
    ] {
        let refused = filtered(&shop.session, "goods", &filter).await.fails(400, "INVALID_FILTER");
        assert_eq!(refused.details()["field"], place, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_record_is_told_by_field_before_anything_is_sent() {
    let shop = Shop::on_mariadb(app()).await;
    let refused = shop
        .session
        .post(
            "/api/v1/goods",
            json!({ "title": "x".repeat(61), "status": "sold", "tags": ["old"], "price": "1e5", "stock": -1,
                "madeIn": 1800, "soldOn": "31.1.2026", "photo": "%", "label": "x", "colour": "red" }),
        )
        .await
        .fails(400, "VALIDATION_ERROR");
    assert_eq!(
        refused.faulty_fields(),
        [
            "colour", "label", "madeIn", "makerId", "photo", "price", "soldOn", "status", "stock", "tags",
            "title"
        ]
    );
    let clash = shop.session.post("/api/v1/makers", json!({ "makerName": "Ada" })).await;
    assert_eq!(clash.fails(409, "RESOURCE_CONFLICT").details()["field"], "makerName");
    let orphan = shop.session.post("/api/v1/goods", json!({ "title": "Pot", "makerId": 999 })).await;
    assert_eq!(orphan.fails(409, "RESOURCE_CONFLICT").details()["field"], "makerId");
    shop.session.send("DELETE", "/api/v1/makers/1", None).await.fails(409, "RESOURCE_CONFLICT");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_records_one_that_is_refused_takes_all_with_it_and_is_named() {
    let shop = Shop::on_mariadb(app()).await;
    let mut makers: Vec<Value> = (0..1_000).map(|at| json!({ "makerName": format!("m{at}") })).collect();
    makers[617]["makerName"] = "Ada".into();
    let refused = shop.session.post("/api/v1/makers", json!(makers)).await.fails(409, "RESOURCE_CONFLICT");
    assert_eq!((&refused.details()["row"], &refused.details()["field"]), (&json!(617), &json!("makerName")));
    assert_eq!(shop.session.get("/api/v1/makers").await.body["pagination"]["total"], 3);
    makers[617]["makerName"] = "m617".into();
    let made = shop.session.post("/api/v1/makers", json!(makers)).await.is(201);
    assert_eq!(made.data().as_array().map(Vec::len), Some(1_000));
    assert_eq!(made.data()[617]["makerName"], "m617");
    makers.push(json!({}));
    shop.session.post("/api/v1/makers", json!(makers)).await.fails(400, "VALIDATION_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_who_know_the_same_version_one_is_refused() {
    let shop = Shop::on_mariadb(app()).await;
    for round in 0..5 {
        let tag = shop.session.get("/api/v1/makers/1").await.is(200).header("etag").to_owned();
        let write = |name: String| {
            let request = shop.session.request("PATCH", "/api/v1/makers/1").header("If-Match", &tag);
            Answer::to(request.json(&json!({ "makerName": name })))
        };
        let (one, other) = tokio::join!(write(format!("one {round}")), write(format!("other {round}")));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", one.text, other.text);
    }
    let tag = shop.session.get("/api/v1/makers/1?fields=id").await.is(200).header("etag").to_owned();
    let known = shop.session.request("GET", "/api/v1/makers/1").header("If-None-Match", &tag);
    assert_eq!(Answer::to(known).await.is(304).text, "");
    for (method, path) in [("PUT", "/api/v1/makers/1"), ("DELETE", "/api/v1/makers/1")] {
        let stale = shop.session.request(method, path).header("If-Match", "\"stale\"");
        Answer::to(stale.json(&json!({ "makerName": "x" }))).await.fails(412, "PRECONDITION_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_read_alone_writes_by_no_route() {
    let shop = Shop::on_mariadb(app()).await;
    let reader = shop.key(&["read"]).await;
    for (method, path) in [
        ("POST", "/api/v1/makers"),
        ("PATCH", "/api/v1/makers/1"),
        ("PUT", "/api/v1/makers/1"),
        ("DELETE", "/api/v1/makers/1"),
        ("PATCH", "/api/v1/makers?filter[id]=1&limit=1"),
        ("DELETE", "/api/v1/makers?filter[id]=1&limit=1"),
        ("POST", "/api/v1/entities"),
        ("PATCH", "/api/v1/entities/makers"),
        ("DELETE", "/api/v1/entities/makers"),
    ] {
        let refused = reader.send(method, path, Some(&json!({ "makerName": "x" }))).await;
        refused.fails(403, "INSUFFICIENT_PERMISSIONS");
        let overridden = reader.request("POST", path).header("X-HTTP-Method-Override", method);
        assert_ne!(
            Answer::to(overridden.json(&json!({ "makerName": "x" }))).await.status,
            200,
            "{method} {path}"
        );
    }
    assert_eq!(reader.get("/api/v1/makers").await.is(200).body["pagination"]["total"], 3);
    assert_eq!(
        reader.send("OPTIONS", "/api/v1/makers", None).await.is(200).data()["permissions"]["write"],
        false
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_column_is_as_if_it_were_not_there() {
    let shop = Shop::on_mariadb(app()).await;
    shop.change("makers", json!({ "fields": { "secret_rating": { "hidden": true } } })).await;
    let listed = shop.session.get("/api/v1/makers").await.is(200);
    assert!(!listed.text.contains("ecret"), "{}", listed.text);
    let refused = async |path: &str| shop.session.get(path).await.is(400).without_meta().to_string();
    for (hidden, made_up) in [
        ("/api/v1/makers?filter[secretRating]=5", "/api/v1/makers?filter[madeUpField1]=5"),
        ("/api/v1/makers?filter[secret_rating]=5", "/api/v1/makers?filter[made_up_field]=5"),
        ("/api/v1/makers?sort=secretRating", "/api/v1/makers?sort=madeUpField1"),
        ("/api/v1/makers?fields=secretRating", "/api/v1/makers?fields=madeUpField1"),
        ("/api/v1/goods?filter[maker.secretRating]=5", "/api/v1/goods?filter[maker.madeUpField1]=5"),
    ] {
        let [one, other] = [refused(hidden).await, refused(made_up).await];
        let plain = |text: String| {
            text.replace("secretRating", "madeUpField1").replace("secret_rating", "made_up_field")
        };
        assert_eq!(plain(one), other, "{hidden}");
    }
    let written = shop.session.send("PATCH", "/api/v1/makers/1", Some(&json!({ "secretRating": 1 }))).await;
    written.fails(400, "VALIDATION_ERROR");
    let included = shop.session.get("/api/v1/goods?include=maker").await.is(200);
    assert!(!included.text.contains("ecret"), "{}", included.text);
    let document = shop.session.get("/api/v1/openapi.json").await.is(200);
    assert!(document.text.contains("/api/v1/makers") && !document.text.contains("secretRating"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_for_writing_alone_is_never_shown() {
    let shop = Shop::on_mariadb(app()).await;
    shop.change("makers", json!({ "fields": { "secret_rating": { "writeOnly": true, "name": "rating" } } }))
        .await;
    let made = shop.session.post("/api/v1/makers", json!({ "makerName": "Di", "rating": 4 })).await.is(201);
    assert!(made.data().get("rating").is_none());
    shop.session.get("/api/v1/makers?filter[rating]=4").await.fails(400, "INVALID_FILTER");
    shop.change("makers", json!({ "fields": {} })).await;
    let id = &made.data()["id"];
    assert_eq!(shop.session.get(&format!("/api/v1/makers/{id}")).await.data()["secretRating"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_changes_underneath_is_told_once_and_then_gone_by() {
    let shop = Shop::on_mariadb(app()).await;
    shop.session.get("/api/v1/goods").await.is(200);
    shop.execute("ALTER TABLE goods DROP COLUMN weight");
    let told = shop.session.get("/api/v1/goods").await.fails(409, "RESOURCE_CONFLICT");
    assert!(told.text.contains("weight"), "{}", told.text);
    let listed = shop.session.get("/api/v1/goods").await.is(200);
    assert!(listed.data()[0].get("weight").is_none());
    shop.execute("ALTER TABLE goods CHANGE size extent DOUBLE NULL");
    let told = shop.session.get("/api/v1/goods?sort=size").await.fails(409, "RESOURCE_CONFLICT");
    assert!(told.text.contains("size"), "{}", told.text);
    assert!(shop.session.get("/api/v1/goods").await.is(200).data()[0].get("extent").is_some());
    // A column that was hidden isn't shown under another name.
    shop.change("makers", json!({ "fields": { "secret_rating": { "hidden": true } } })).await;
    shop.execute("ALTER TABLE makers CHANGE secret_rating plain_rating INT NULL");
    shop.session.get(&format!("/api/v1/databases/{}/schema?refresh=true", shop.id)).await.is(200);
    shop.session.get("/api/v1/makers").await.fails(409, "RESOURCE_CONFLICT");
    shop.execute("DROP TABLE goods_makers");
    shop.session.get("/api/v1/goods_makers").await.fails(409, "RESOURCE_CONFLICT");
    shop.session.get("/api/v1/goods").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_included_two_deep() {
    let shop = Shop::on_mariadb(app()).await;
    let found = shop.session.get("/api/v1/goods?include=maker.goodsByMaker,makers,secondMaker&sort=id").await;
    let found = found.is(200);
    let kettle = &found.data()[0];
    assert_eq!(kettle["maker"]["makerName"], "Ada");
    let names = |list: &Value, field: &str| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|item| text(&item[field])).collect()
    };
    assert_eq!(names(&kettle["maker"]["goodsByMaker"], "title"), ["Kettle", "Lamp"]);
    assert_eq!(names(&kettle["makers"], "makerName"), ["Ada", "Bo"]);
    assert_eq!(kettle["secondMaker"]["makerName"], "Bo");
    assert_eq!(found.data()[1]["secondMaker"], Value::Null);
    for wrong in ["nope", "maker.nope", "maker.goodsByMaker.maker"] {
        shop.session.get(&format!("/api/v1/goods?include={wrong}")).await.fails(400, "VALIDATION_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_preflights_are_told_apart() {
    let shop = Shop::on_mariadb(app()).await;
    let answer = shop.session.send("OPTIONS", "/api/v1/goods", None).await.is(200);
    let metadata = answer.data();
    assert_eq!(metadata["schema"]["status"]["values"], json!(["draft", "on sale", "it's gone"]));
    assert_eq!(metadata["schema"]["title"]["maxLength"], 60);
    assert_eq!(metadata["schema"]["id"]["required"], false);
    assert_eq!(metadata["schema"]["label"]["generated"], true);
    assert_eq!(
        metadata["relations"]["maker"],
        json!({ "type": "belongsTo", "entity": "makers", "foreignKey": "makerId" })
    );
    assert_eq!(metadata["relations"]["makers"]["type"], "manyToMany");
    assert_eq!(metadata["rateLimit"]["window"], "1h");
    let view = shop.session.send("OPTIONS", "/api/v1/listed", None).await.is(200);
    assert_eq!(view.data()["methods"], json!(["GET", "HEAD", "OPTIONS"]));
    shop.session.post("/api/v1/listed", json!({ "title": "x" })).await.fails(405, "METHOD_NOT_ALLOWED");
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_CORS_ORIGINS", "https://app.example.org")]);
    let preflight = app.anonymous().request("OPTIONS", "/api/v1/goods");
    let preflight = preflight
        .header("Origin", "https://app.example.org")
        .header("Access-Control-Request-Method", "PATCH")
        .header("Access-Control-Request-Headers", "authorization,if-match");
    let preflight = Answer::to(preflight).await.is(200);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://app.example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_of_others_are_as_good_as_none() {
    let shop = Shop::on_mariadb(app()).await;
    shop.session
        .send("PATCH", "/api/v1/entities/makers", Some(&json!({ "name": "only-mine" })))
        .await
        .is(200);
    let other = app().session().await;
    for name in ["only-mine", "of-nobody"] {
        for path in
            [format!("/api/v1/{name}"), format!("/api/v1/{name}/1"), format!("/api/v1/entities/{name}")]
        {
            let refused = other.get(&path).await.fails(404, "ENTITY_NOT_FOUND");
            assert_eq!(refused.details()["id"], name);
        }
    }
    let body = json!({ "databaseId": shop.id, "tables": "*" });
    other.post("/api/v1/entities", body).await.fails(404, "NOT_FOUND");
    assert_eq!(other.get("/api/v1/entities").await.is(200).data(), &json!([]));
    assert!(!other.get("/api/v1/openapi.json").await.is(200).text.contains("only-mine"));
    app().anonymous().get("/api/v1/only-mine").await.fails(401, "UNAUTHORIZED");
    // With its connection an entity goes.
    shop.session.send("DELETE", &format!("/api/v1/databases/{}", shop.id), None).await.is(200);
    shop.session.get("/api/v1/only-mine").await.fails(404, "ENTITY_NOT_FOUND");
    assert_eq!(shop.session.get("/api/v1/entities").await.is(200).data(), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_records_are_changed_and_deleted_by_a_filter_up_to_a_limit() {
    let shop = Shop::on_mariadb(app()).await;
    for path in ["/api/v1/shelves", "/api/v1/shelves?limit=5", "/api/v1/shelves?filter[floor]=1"] {
        shop.session.send("DELETE", path, None).await.is(400);
    }
    let path = "/api/v1/shelves?filter[floor]=1&limit=1";
    let changed = shop.session.send("PATCH", path, Some(&json!({ "note": "new" }))).await.is(200);
    assert_eq!(changed.data()["count"], 1);
    assert_eq!(shop.session.get("/api/v1/shelves/1,a%2Cb").await.is(200).data()["note"], "new");
    let gone = shop.session.send("DELETE", "/api/v1/shelves?filter[floor][gte]=1&limit=10", None).await;
    assert_eq!(gone.is(200).data()["count"], 3);
    assert_eq!(shop.session.get("/api/v1/shelves").await.body["pagination"]["total"], 1);
}
