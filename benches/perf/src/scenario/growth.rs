//! Does a write cost more in a large database?

use super::drive;
use crate::bench::Bench;
use crate::driver::{Extent, Pace};
use crate::loads::subscribe;
use crate::results::Sample;
use crate::stack::{Database, READERS, Servers, Stack};
use anyhow::{Context, Result};
use std::time::Duration;

const COMMAND_LOG: &str = include_str!("../../sql/command_log.sql");

/// Rows that are made in one transaction.
const BULK: i64 = 500_000;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(10);

/// More than are written in that time.
const USERS: u64 = 600_000;

/// Writes in a database of its own, with as many subscriptions and rows of the command log as there
/// are readers, or as many as it is to grow to.
pub(super) async fn run(
    bench: &mut Bench,
    stack: &mut Stack,
    large: bool,
    clients: usize,
) -> Result<Sample> {
    let mut database = if large {
        let database = bench.databases.remove("growth").context("growth-small comes first")?;
        grow(&database, bench.options.growth_rows.try_into()?).await?;
        database
    } else {
        let database = stack.one_more_database(bench, "growth").await?;
        database.fill(&between(COMMAND_LOG, 1, READERS)).await?;
        database
    };
    database.execute("VACUUM ANALYZE").await?;
    database.checkpoint().await?;
    let users = database.users(USERS).await?;
    std::mem::swap(&mut stack.database, &mut database);
    stack.need(Servers::Product(1)).await?;
    let (load, extent) = (subscribe(users, bench.next_run()), Extent::Time(WARM_UP, MEASURED));
    let sample = drive(stack, clients, Pace::Closed, extent, load).await;
    stack.stop().await?;
    std::mem::swap(&mut stack.database, &mut database);
    bench.databases.insert("growth", database);
    sample
}

/// Fills it, some rows at a time.
async fn grow(database: &Database, to: i64) -> Result<()> {
    let mut first = READERS + 1;
    while first <= to {
        let last = to.min(first + BULK - 1);
        for sql in [include_str!("../../sql/ended.sql"), COMMAND_LOG] {
            database.fill(&between(sql, first, last)).await?;
        }
        first = last + 1;
    }
    Ok(())
}

fn between(sql: &str, first: i64, last: i64) -> String {
    sql.replace("{first}", &first.to_string()).replace("{last}", &last.to_string())
}
