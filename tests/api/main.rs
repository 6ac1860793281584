//! Black-box tests of the whole program: each starts the real `altus4` as a child process and speaks
//! to it over HTTP alone, on the embedded defaults and on MariaDB with Redis.

/// Makes two tests of each function that takes an app: one for each [`Kind`](app::Kind) of it.
macro_rules! on_both {
    ($($claim:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $claim() {
                super::$claim(crate::app::TestApp::shared(crate::app::Kind::Sqlite)).await;
            })+
        }

        mod on_mariadb_and_redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $claim() {
                super::$claim(crate::app::TestApp::shared(crate::app::Kind::MariaDbRedis)).await;
            })+
        }
    };
}

mod account_life;
mod accounts;
mod administration;
mod advice;
mod ai;
mod analytics;
mod analyze;
mod app;
mod audit;
mod bad_input;
mod bodies;
mod bulkheads;
mod cancellation;
mod client;
mod connection_changes;
mod connection_nodes;
mod connection_status;
mod connections;
mod demo;
mod entities;
mod entity_lists;
mod entity_walk;
mod envelope;
mod failing_sources;
mod host_policy;
mod isolation;
mod key_bounds;
mod key_life;
mod key_nodes;
mod key_secrecy;
mod keys;
mod limits;
mod nodes;
mod program;
mod quotas;
mod rate_limits;
mod recording;
mod retries;
mod rogue;
mod rotation;
mod routes;
mod sample_schemas;
mod samples;
mod saved_searches;
mod schema;
mod search;
mod search_boolean;
mod search_cache;
mod search_filters;
mod search_list;
mod search_log;
mod search_paging;
mod search_words;
mod secrecy;
mod semantic;
mod sessions;
mod settings;
mod shop;
mod start_stop;
mod system;
mod telling_apart;
mod tokens;
mod usage;
mod vectors;
