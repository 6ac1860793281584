//! What becomes of a connection on one node counts on every other within two seconds, whether or not
//! Redis is there; and what others had open to it is closed.

use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, Redis};
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Caller, eventually};
use crate::samples::{articles, connection, database, row_ids};

/// What the contract promises.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

/// Two nodes, the owner's session at each, and a connection that both have used with a login of its
/// own.
struct Scene {
    _nodes: [TestApp; 2],
    here: Caller,
    elsewhere: Caller,
    id: String,
    user: String,
}

impl Scene {
    async fn set(redis: Option<&Redis>) -> Self {
        let mut settings = settings_of(Kind::MariaDbRedis);
        settings.retain(|(name, _)| name != "REDIS_URL");
        settings.extend(redis.map(|redis| ("REDIS_URL".to_owned(), redis.url())));
        let nodes = [TestApp::start(&settings), TestApp::start(&settings)];
        let here = nodes[0].session().await;
        let elsewhere = nodes[1].caller(here.credential());
        let name = articles();
        let user = format!("nodes_{name}");
        let script = format!("CREATE USER {user} IDENTIFIED BY 'p'; GRANT SELECT ON *.* TO {user}");
        MariaDb::shared().execute(&name, &script);
        let mut body = connection(&name);
        (body["username"], body["password"]) = (json!(user), json!("p"));
        let id = here.connect(body).await;
        let scene = Self { _nodes: nodes, here, elsewhere, id, user };
        for _ in 0..3 {
            for caller in [&scene.here, &scene.elsewhere] {
                assert_eq!(row_ids(&scene.search(caller).await["results"]), [1, 2, 3]);
            }
        }
        scene
    }

    async fn search(&self, caller: &Caller) -> Value {
        caller.search(json!({ "query": "backup" })).await
    }

    /// Sends it to the first node, and gives how much later the last search was begun at the other one
    /// that was not as said.
    async fn until(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        is_so: impl Fn(&Value) -> bool,
    ) -> Duration {
        self.here.send(method, path, body.as_ref()).await.is(200);
        assert!(is_so(&self.search(&self.here).await), "it holds here at once");
        let (began, mut old_until) = (Instant::now(), Duration::ZERO);
        loop {
            let asked = began.elapsed();
            if is_so(&self.search(&self.elsewhere).await) {
                return old_until;
            }
            old_until = asked;
            assert!(asked < 10 * HEARD_WITHIN, "never");
        }
    }

    async fn change(&self) -> Duration {
        let other = database(
            "CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(99), FULLTEXT (text));
             INSERT INTO notes VALUES (77, 'a backup of another kind')",
        );
        let (path, body) = (format!("/api/v1/databases/{}", self.id), json!({ "database": other }));
        self.until("PATCH", &path, Some(body), |found| row_ids(&found["results"]) == [77]).await
    }

    async fn remove(&self) -> Duration {
        let path = format!("/api/v1/databases/{}", self.id);
        self.until("DELETE", &path, None, |found| found["results"] == json!([])).await
    }

    /// Nobody is logged in at the user's server any more.
    async fn is_left(&self) {
        let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{}'", self.user);
        eventually(HEARD_WITHIN, async || MariaDb::shared().query("", &sql) == "0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_a_removal_are_heard_through_redis() {
    let scene = Scene::set(Some(Redis::shared())).await;
    let took = scene.change().await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
    let took = scene.remove().await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
    scene.is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_a_removal_are_seen_without_redis() {
    let scene = Scene::set(None).await;
    let took = scene.change().await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
    let took = scene.remove().await;
    assert!(took <= HEARD_WITHIN, "{took:?}");
    scene.is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pools_nobody_uses_are_closed_on_every_node_when_it_is_heard() {
    let scene = Scene::set(Some(Redis::shared())).await;
    let path = format!("/api/v1/databases/{}", scene.id);
    scene.here.send("DELETE", &path, None).await.is(200);
    scene.is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_accounts_pools_are_closed_on_every_node() {
    let scene = Scene::set(Some(Redis::shared())).await;
    scene.here.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    scene.is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_registered_elsewhere_is_found_by_its_id_at_once() {
    let scene = Scene::set(None).await;
    let id = scene.here.connect(connection(&articles())).await;
    let found = scene.elsewhere.search(json!({ "query": "backup", "databases": [id] })).await;
    assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
}
