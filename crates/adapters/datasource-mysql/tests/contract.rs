//! The adapter against a real MariaDB: what the ports promise, and what a server or a network does
//! to those promises.

#[path = "contract/attacks.rs"]
mod attacks;
#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/hostile.rs"]
mod hostile;
#[path = "contract/login.rs"]
mod login;
#[path = "contract/pools.rs"]
mod pools;
#[path = "contract/probe.rs"]
mod probe;
#[path = "contract/rogue.rs"]
mod rogue;
#[path = "contract/rogue_server.rs"]
mod rogue_server;
#[path = "contract/schema.rs"]
mod schema;
#[path = "contract/search.rs"]
mod search;
#[path = "contract/time.rs"]
mod time;
#[path = "contract/tls.rs"]
mod tls;
#[path = "contract/values.rs"]
mod values;
