//! What all adapters of the port have agreed on.

use crate::fixture::{open, shared};

mod alone {
    use super::open;

    // Each with an embedder of its own, so that deadlines are this test's.
    altus4_search::embedder_contract!(tokio::test, open(altus4_ai_local::LocalEmbedderConfig::default()));
}

#[tokio::test]
async fn the_model_is_named_after_its_weights() {
    let id = altus4_search::Embedder::model(&*shared()).id;
    assert_eq!(&*id, "local/all-MiniLM-L6-v2@53aa51172d14/128");
}
