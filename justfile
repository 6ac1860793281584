# Short names for the commands that everybody runs; `just` alone lists them.

_default:
    @just --list --unsorted

# Start with a sample database and a key to try it with
demo *args:
    cargo run --release -- demo {{ args }}

# Start on the settings of .env, where there is one
serve:
    #!/usr/bin/env bash
    set -euo pipefail
    if [[ -f .env ]]; then set -a; source .env; set +a; fi
    exec cargo run --release -- serve

# Every check that a change must pass, tests included
test:
    ./scripts/test

# Some tests, by part of their name
only name:
    cargo test --workspace --all-features --locked --tests {{ name }}

# The black-box tests of the whole program
api *filter:
    cargo test --workspace --all-features --locked --test api {{ filter }}

# Sakila and Chinook through their generated endpoints, from the scripts in the folder ALTUS4_SAMPLE_SCHEMAS
schemas:
    cargo test --workspace --all-features --locked --test api sample_schemas -- --ignored

# Who may know whom
architecture:
    cargo test --workspace --all-features --locked --test architecture

# Format everything
fmt:
    cargo fmt --all

# What clippy says, as in the tests
lint:
    cargo clippy --workspace --all-features --locked --all-targets -- --deny warnings

# Licences, banned crates, sources, and advisories (needs cargo-deny and the network)
deny:
    cargo deny --locked check

# The API's time beside that of the same statement sent directly; `just bench --million` on a million rows
bench *args:
    cargo bench --package altus4-server --bench search -- {{ args }}

# How well searches rank on sets with judgements, in the folder ALTUS4_RELEVANCE_DATA; with --semantic by
# meaning too, with the model in the archive ALTUS4_RELEVANCE_MODEL
relevance *sets:
    cargo bench --profile dev --package altus4-server --bench relevance -- "${ALTUS4_RELEVANCE_DATA:?names the folder of the sets}" {{ sets }}

# The time of a search while a thousand log in at once
bench-logins:
    cargo bench --package altus4-server --bench logins

# What the check of an API key adds to a request
bench-keys:
    cargo bench --package altus4-server --bench keys

# Searches a second that are answered from the cache
bench-cached:
    cargo bench --package altus4-server --bench cached

# The time of suggestions among a hundred thousand queries of one account
bench-suggestions:
    cargo bench --package altus4-store-sql --bench suggestions

# The time of each view of usage with a million requests of one key
bench-usage *store:
    cargo bench --package altus4-store-sql --bench usage -- {{ store }}

# What is found among a hundred thousand vectors, and how long it takes
bench-vectors *args:
    cargo bench --package altus4-vector-hnsw --bench vectors -- {{ args }}

# The time of each view of analytics over ten million searches of a year; `just bench-analytics 100000` for fewer
bench-analytics *args:
    cargo bench --package altus4-server --bench analytics -- {{ args }}

# The rate at which passwords are sealed anew under another encryption key
bench-rotation:
    cargo bench --package altus4-store-sql --bench rotation

# The time and the queries that the schema of a thousand tables takes
bench-schema:
    cargo bench --package altus4-datasource-mysql --bench schema

# The time of a search while two hundred wait for a database that hangs
bench-bulkheads:
    cargo bench --package altus4-server --bench bulkheads

# The time of generated endpoints beside the raw statement, on a million rows
bench-entities *args:
    cargo bench --package altus4-server --bench entities -- {{ args }}

# How fast texts become vectors with the local model
bench-embedding:
    cargo bench --package altus4-ai-local --bench embedding

# A MariaDB and a Redis as the tests use them, until Ctrl-D
servers:
    cargo run --package altus4-test-support

# The documentation of our own crates
docs:
    cargo doc --workspace --no-deps --open
