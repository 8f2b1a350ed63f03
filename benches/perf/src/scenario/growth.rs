//! Does a write cost more in a large database?

use super::drive;
use crate::bench::Bench;
use crate::driver::{Extent, Pace};
use crate::loads::subscribe;
use crate::results::Sample;
use crate::stack::{Database, READERS, Servers, Stack};
use anyhow::{Context, Result};
use std::time::Duration;

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
        command_log(&database, 1, READERS).await?;
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

/// Fills it with subscriptions that ended a month ago, their grants and their rows of the command
/// log, in random order of keys as they come in real life.
async fn grow(database: &Database, to: i64) -> Result<()> {
    let mut first = READERS + 1;
    while first <= to {
        let last = to.min(first + BULK - 1);
        let sql = format!(
            "WITH s AS (
                 INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date,
                                            created_at, updated_at)
                 SELECT 1 + n % {READERS}, 'monthly', 'expired', 1, now() - interval '2 months',
                        now() - interval '1 month', now(), now()
                 FROM generate_series({first}, {last}) AS n
                 RETURNING id
             )
             INSERT INTO grants (subscription_id, source, months, job_id, granted_at)
             SELECT id, 'purchase', 1, gen_random_uuid(), now() FROM s"
        );
        database.execute(&sql).await?;
        command_log(database, first, last).await?;
        first = last + 1;
    }
    Ok(())
}

async fn command_log(database: &Database, first: i64, last: i64) -> Result<()> {
    let sql = format!(
        "INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation,
                                   entity_id, status, body, attempts, submitted_at, finished_at)
         SELECT gen_random_uuid(), 2, gen_random_uuid()::text, sha256(int8send(n)), 'subscribe',
                n, 201, repeat('x', 240), 1, now(), now()
         FROM generate_series({first}::bigint, {last}::bigint) AS n"
    );
    database.execute(&sql).await
}
