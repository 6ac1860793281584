//! The three ports over a provider that behaves well, badly, or not at all.

#[path = "contract/calls.rs"]
mod calls;
#[path = "contract/embedder.rs"]
mod embedder;
#[path = "contract/failing.rs"]
mod failing;
#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/late.rs"]
mod late;
#[path = "contract/nonsense.rs"]
mod nonsense;
#[path = "contract/queries.rs"]
mod queries;
