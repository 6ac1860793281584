//! The languages of queries against a fuzzer: `cargo +nightly fuzz run boolean`. What it found worth
//! keeping is replayed by the tests of the crate.

#![no_main]

use altus4_search::{BooleanQuery, NaturalQuery};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = NaturalQuery::parse(text);
    match BooleanQuery::parse(text) {
        Ok(query) => {
            let _ = query.lower(&|_| None);
            assert!(query.terms().len() <= BooleanQuery::MAX_TERMS);
        }
        Err(fault) => assert!(fault.position <= text.chars().count()),
    }
});
