//! Does a write cost more in a large database?

use crate::driver::{Extent, Pace};
use crate::loads::Subscribe;
use crate::results::Sample;
use crate::scenario::{Bench, drive};
use crate::stack::{Database, READERS, Servers};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::time::Duration;

/// Rows that are made in one transaction.
const BULK: i64 = 500_000;
const CONNECTIONS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(10);

/// Bytes that a subscription takes with its grant, its ledger row and all indexes.
const BYTES_PER_ROW: i64 = 1_100;

/// Writes in a database of some size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// Rows of subscriptions.
    pub(crate) rows: i64,
    /// What the writes cost.
    pub(crate) sample: Sample,
}

/// A database of its own, with as many subscriptions and ledger rows as there are readers.
pub(super) async fn begin(bench: &Bench) -> Result<Database> {
    let database = Database::create(&bench.options.postgres_url, "growth").await?;
    let free = free_bytes(&bench.scratch)?;
    let needed = bench.options.growth_rows * BYTES_PER_ROW * 3 / 2;
    ensure!(free > needed, "growth needs {} GB free on the disk", needed / 1_000_000_000);
    ledger(&database, 1, READERS).await?;
    Ok(database)
}

/// Writes with 64 clients, and what they cost.
pub(super) async fn measure(bench: &mut Bench, database: &mut Database) -> Result<Growth> {
    database.execute("VACUUM ANALYZE").await?;
    database.checkpoint().await?;
    let rows = database.number("SELECT count(*) FROM subscriptions").await?;
    let users = database.users(600_000).await?;
    bench.stack.stop().await?;
    std::mem::swap(&mut bench.stack.database, database);
    bench.stack.need(Servers::Product { workers: 1 }).await?;
    let load = Subscribe { users, run: bench.next_run(), no_wait: false, left: None };
    let extent = Extent::Time(WARM_UP, MEASURED);
    let sample = drive(&bench.stack, CONNECTIONS, Pace::Closed, extent, Box::new(load)).await;
    bench.stack.stop().await?;
    std::mem::swap(&mut bench.stack.database, database);
    Ok(Growth { rows, sample: sample? })
}

/// Fills it with subscriptions that ended, their grants and their ledger rows, in random order of
/// keys as they come in real life.
pub(super) async fn grow(bench: &Bench, database: &mut Database) -> Result<()> {
    let mut rows = READERS;
    while rows < bench.options.growth_rows {
        let more = BULK.min(bench.options.growth_rows - rows);
        let (first, last) = (rows + 1, rows + more);
        database.execute(&past(first, last)).await?;
        ledger(database, first, last).await?;
        rows += more;
    }
    Ok(())
}

/// Subscriptions that ended a month ago, with their grants.
fn past(first: i64, last: i64) -> String {
    format!(
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
    )
}

async fn ledger(database: &Database, first: i64, last: i64) -> Result<()> {
    let sql = format!(
        "INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation,
                                   entity_id, status, body, attempts, submitted_at, finished_at)
         SELECT gen_random_uuid(), 2, gen_random_uuid()::text, sha256(int8send(n)), 'subscribe',
                n, 201, repeat('x', 240), 1, now(), now()
         FROM generate_series({first}::bigint, {last}::bigint) AS n"
    );
    database.execute(&sql).await
}

fn free_bytes(folder: &std::path::Path) -> Result<i64> {
    let output = Command::new("df").args(["-Pk"]).arg(folder).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().nth(1).context("df said nothing")?;
    let kib: i64 = line.split_whitespace().nth(3).context("df said little")?.parse()?;
    Ok(kib * 1024)
}
