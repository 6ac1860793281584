//! The contracts of the store's ports, on SQLite and on MariaDB, and what the store promises beyond
//! them.

#[path = "contract/analytics.rs"]
mod analytics;
#[path = "contract/leaving.rs"]
mod leaving;
#[path = "contract/mariadb.rs"]
mod mariadb;
#[path = "contract/migrations.rs"]
mod migrations;
#[path = "contract/sealed.rs"]
mod sealed;
#[path = "contract/sqlite.rs"]
mod sqlite;
#[path = "contract/subject.rs"]
mod subject;
#[path = "contract/usage.rs"]
mod usage;
