//! The contract of the port on a real model, and what is particular to running one here.

#[path = "contract/agreed.rs"]
mod agreed;
#[path = "contract/archives.rs"]
mod archives;
#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/installing.rs"]
mod installing;
#[path = "contract/running.rs"]
mod running;
