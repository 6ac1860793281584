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

# The API's time beside that of the same statement sent directly
bench:
    cargo bench --package altus4-server --bench search

# The time of a search while a thousand log in at once
bench-logins:
    cargo bench --package altus4-server --bench logins

# What the check of an API key adds to a request
bench-keys:
    cargo bench --package altus4-server --bench keys

# The time of each view of usage with a million requests of one key
bench-usage *store:
    cargo bench --package altus4-store-sql --bench usage -- {{ store }}

# The rate at which passwords are sealed anew under another encryption key
bench-rotation:
    cargo bench --package altus4-store-sql --bench rotation

# A MariaDB and a Redis as the tests use them, until Ctrl-D
servers:
    cargo run --package altus4-test-support

# The documentation of our own crates
docs:
    cargo doc --workspace --no-deps --open
