//! How often the store is asked, and how old an answer may be, over fakes.

mod desk;
mod freshness;
mod threads;
mod use_of_keys;
