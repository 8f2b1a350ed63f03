//! What is to be renewed.

use crate::loads::Users;
use crate::stack::Database;
use anyhow::Result;
use std::time::Duration;
use tokio::time::Instant;

/// Renewals that are to come.
pub(super) struct Renewals {
    pub(super) count: u64,
    /// When the first of them is due, and when all are.
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// Users who are not renewed.
    pub(super) others: Users,
}

/// Makes subscriptions that are due one after the other within so many seconds, the first of them
/// that long from when all are made, and other users.
pub(super) async fn make(
    database: &mut Database,
    (count, seconds): (u64, u64),
    others: u64,
    before_first: Duration,
) -> Result<Renewals> {
    let first = database.users(count + others).await?.next();
    let last = first + i64::try_from(count)? - 1;
    database.skip_to(last + 1);
    // Longer than it takes to make so many rows, and to start.
    let within = Duration::from_secs(30 + count / 1_000) + before_first;
    let due = Instant::now() + within;
    let now: i64 = database.value("SELECT extract(epoch FROM now())::bigint").await?;
    let due_at = now + i64::try_from(within.as_secs())?;
    let mut sql = include_str!("../../../sql/renewals.sql").to_owned();
    for (name, value) in [("{first}", first), ("{last}", last), ("{due_at}", due_at)] {
        sql = sql.replace(name, &value.to_string());
    }
    database.execute(&sql.replace("{seconds}", &seconds.to_string())).await?;
    database.execute("VACUUM ANALYZE").await?;
    database.checkpoint().await?;
    let (last, others) = (due + Duration::from_secs(seconds), database.users(0).await?);
    Ok(Renewals { count, first: due, last, others })
}
