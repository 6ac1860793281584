//! The adapter against a real MariaDB: what the ports promise, and what a server or a network does
//! to those promises.

#[path = "contract/agreed.rs"]
mod agreed;
#[path = "contract/breaker.rs"]
mod breaker;
#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/host_policy.rs"]
mod host_policy;
#[path = "contract/hostile.rs"]
mod hostile;
#[path = "contract/index_rules.rs"]
mod index_rules;
#[path = "contract/indexes.rs"]
mod indexes;
#[path = "contract/login.rs"]
mod login;
#[path = "contract/matching.rs"]
mod matching;
#[path = "contract/pools.rs"]
mod pools;
#[path = "contract/probe.rs"]
mod probe;
#[path = "contract/record_costs.rs"]
mod record_costs;
#[path = "contract/record_types.rs"]
mod record_types;
#[path = "contract/records.rs"]
mod records;
#[path = "contract/rogue.rs"]
mod rogue;
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
