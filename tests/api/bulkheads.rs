//! One database that hangs, and many who wait for it: searches on another go on. By how much they
//! become slower is measured by `just bench-bulkheads`.

use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use futures::future::join_all;
use serde_json::json;

use crate::app::{Kind, TestApp};
use crate::samples::{articles, articles_on, connection, connection_to, row_ids};

const WAITING: u32 = 200;
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much later than its time limit a search may answer, two hundred of them at once.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_who_wait_for_one_database_hold_up_no_other() {
    let server = MariaDb::start();
    let name = articles_on(&server);
    let app = TestApp::with(Kind::Sqlite, &[]);
    let (crowd, other) = (app.session().await, app.session().await);
    let frozen = crowd.connect(connection_to(&server, &name)).await;
    other.connect(connection(&articles())).await;
    crowd.search(json!({ "query": "backup" })).await;
    other.search(json!({ "query": "backup" })).await;

    server.freeze();
    let began = Instant::now();
    let waiting = join_all((0..WAITING).map(|number| {
        // Each another, so that no answer is given to two; and not all at one moment, which is more
        // than a busy machine's store takes.
        let body = json!({ "query": format!("backup {number}"), "databases": [frozen], "timeoutMs": 5_000 });
        let turn = Duration::from_millis(5) * number;
        let crowd = crowd.clone();
        async move {
            tokio::time::sleep(turn).await;
            (crowd.post("/api/v1/search", body).await, began.elapsed())
        }
    }));
    let beside = async {
        let mut answered = 0;
        while began.elapsed() < TIMEOUT.saturating_sub(Duration::from_secs(1)) {
            let found = other.search(json!({ "query": "backup" })).await;
            assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
            answered += 1;
        }
        answered
    };
    let (answers, answered) = tokio::join!(waiting, beside);
    assert!(answered > 5, "{answered} searches on the other database");
    for (answer, took) in answers {
        // Or it is told that the program itself has too much to do.
        assert!(matches!(answer.status, 502..=504), "{}", answer.text);
        assert!(took < TIMEOUT + GRACE, "{took:?}");
    }
    server.thaw();
    // Its owner's test calls it whatever is known of it, and then it is searched again.
    crowd.post(&format!("/api/v1/databases/{frozen}/test"), json!({})).await.is(200);
    let thawed = crowd.search(json!({ "query": "backup", "databases": [frozen] })).await;
    assert_eq!(row_ids(&thawed["results"]), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_left_alone_and_used_again_after_a_test() {
    let server = MariaDb::start();
    let name = articles_on(&server);
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let mut body = connection_to(&server, &name);
    body["username"] = json!("late");
    let id = session.connect(body).await;
    let search = json!({ "query": "backup", "databases": [id] });
    for _ in 0..5 {
        let refused = session.post("/api/v1/search", search.clone()).await.fails(502, "CONNECTION_FAILED");
        assert!(refused.text.contains("user name or password"), "{}", refused.text);
    }
    let denied = server.query("", "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'");
    server.execute(
        "",
        &format!(
            "CREATE USER 'late'@'%' IDENTIFIED BY '{}'; GRANT SELECT ON {name}.* TO 'late'@'%'",
            MariaDb::PASSWORD
        ),
    );
    session.post("/api/v1/search", search.clone()).await.fails(502, "CONNECTION_FAILED");
    session.post(&format!("/api/v1/databases/{id}/test"), json!({})).await.is(200);
    assert_eq!(row_ids(&session.search(search).await["results"]), [1, 2, 3]);
    assert_eq!(server.query("", "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'"), denied);
}
