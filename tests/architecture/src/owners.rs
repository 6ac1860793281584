//! Which crates may name a vendor: one owner each, so that a vendor can be exchanged in one place.

use std::collections::BTreeSet;

use cargo_metadata::DependencyKind;

use crate::workspace::{Workspace, assert_same};

/// A vendor, the crates that build on it, and those whose tests use it (the prefix `altus4-` is left
/// out). A vendor that is not here has no owner and is for everyone.
const OWNERS: &[(&str, &[&str], &[&str])] = &[
    // The web.
    ("actix-cors", &["http"], &[]),
    ("actix-http", &["http"], &[]),
    ("actix-service", &["http"], &[]),
    ("actix-web", &["http"], &[]),
    ("utoipa", &["http"], &[]),
    ("utoipa-swagger-ui", &["http"], &[]),
    // Our own store.
    ("sea-orm", &["store-sql"], &[]),
    ("sea-orm-migration", &["migrations"], &[]),
    // Customers' databases; the server builds the demo's sample with sqlx.
    ("deadpool", &["datasource-mysql"], &[]),
    ("mysql_async", &["datasource-mysql"], &["server"]),
    ("rustls", &["datasource-mysql", "outbound"], &["server"]),
    ("tokio-rustls", &["datasource-mysql"], &[]),
    ("webpki-roots", &["datasource-mysql", "outbound"], &[]),
    ("sqlx", &["datasource-sqlite", "server"], &[]),
    // Calls to services over HTTP.
    ("reqwest", &["ai-local", "ai-openai", "outbound", "vector-qdrant"], &["server"]),
    ("rustls-native-certs", &["outbound"], &[]),
    // Caches.
    ("deadpool-redis", &["cache-redis"], &[]),
    ("moka", &["cache-memory"], &[]),
    // Secrets.
    ("argon2", &["crypto"], &[]),
    ("jsonwebtoken", &["crypto"], &[]),
    ("ring", &["ai-local", "crypto", "datasource-mysql"], &["server"]),
    ("rustix", &["ai-local", "crypto", "vector-hnsw"], &[]),
    // The local model, and the archives that models come in.
    ("flate2", &["ai-local", "http"], &[]),
    ("rayon", &["ai-local"], &[]),
    ("rten-gemm", &["ai-local"], &[]),
    ("rten-simd", &["ai-local"], &[]),
    ("rten-tensor", &["ai-local"], &[]),
    ("rten-vecmath", &["ai-local"], &[]),
    ("safetensors", &["ai-local"], &[]),
    ("tar", &["ai-local"], &[]),
    ("tokenizers", &["ai-local"], &[]),
    ("zip", &["ai-local"], &[]),
    // The program.
    ("anyhow", &["server"], &[]),
    ("clap", &["server"], &[]),
    ("tracing-subscriber", &["server"], &[]),
];

#[test]
fn each_vendor_is_named_by_its_owners_alone() {
    let written = OWNERS.iter().flat_map(|(vendor, owners, tests)| {
        let owners = owners.iter().map(move |owner| format!("{vendor}: {owner}"));
        owners.chain(tests.iter().map(move |owner| format!("{vendor}: {owner} (tests)")))
    });
    let vendors: BTreeSet<&str> = OWNERS.iter().map(|(vendor, ..)| *vendor).collect();
    let mut found = BTreeSet::new();
    for member in Workspace::get().members() {
        let owner = member.name.strip_prefix("altus4-").unwrap_or(&member.name);
        for dependency in member.dependencies.iter().filter(|found| vendors.contains(found.name.as_str())) {
            let tests = if dependency.kind == DependencyKind::Development { " (tests)" } else { "" };
            found.insert(format!("{}: {owner}{tests}", dependency.name));
        }
    }
    assert_same("OWNERS", &written.collect(), &found);
}
