//! The contract of the port over a stand-in for Qdrant, and what is made of faults.
//!
//! The stand-in does what Qdrant's documentation of its REST API says (version 1.18), as far as it is
//! used here. Qdrant itself is a program of its own, which no registry of packages has.

use altus4_search::{VectorIndex, testkit::VectorIndexSubject};
use altus4_vector_qdrant::{QdrantConfig, QdrantVectorIndex};
use async_trait::async_trait;

mod contract {
    pub(crate) mod faults;
    pub(crate) mod points;
    pub(crate) mod standin;
}

use contract::standin::StandIn;

struct Subject {
    server: StandIn,
    index: QdrantVectorIndex,
}

fn index(server: &StandIn) -> QdrantVectorIndex {
    let url = server.url().parse().expect("a URL");
    let config = QdrantConfig::new(url, Some(StandIn::KEY.into()));
    QdrantVectorIndex::new(&config).expect("an index")
}

fn subject() -> Subject {
    let server = StandIn::start();
    let index = index(&server);
    Subject { server, index }
}

#[async_trait]
impl VectorIndexSubject for Subject {
    fn index(&self) -> &dyn VectorIndex {
        &self.index
    }

    async fn after_kill(&self) -> Box<dyn VectorIndex> {
        Box::new(index(&self.server))
    }
}

altus4_search::vector_index_contract!(tokio::test, subject());
