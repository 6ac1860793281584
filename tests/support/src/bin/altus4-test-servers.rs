//! Starts the servers that tests use, says where they are, and keeps them until its input ends.
//! For a look by hand: `cargo run -p altus4-test-support`, and Ctrl-D (or Ctrl-C) to end.

use std::io;

use altus4_test_support::{MariaDb, Redis};

fn main() -> io::Result<()> {
    let (mariadb, redis) = (MariaDb::shared(), Redis::shared());
    println!("{}\t{}\t{}", mariadb.url(""), mariadb.pid(), mariadb.folder().display());
    println!("{}\t{}\t{}", redis.url(), redis.pid(), redis.folder().display());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
