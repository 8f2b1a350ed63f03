//! Looking into the database of a stack, and moving its rows in time.

use anyhow::{Result, ensure};
use sqlx::PgPool;
use std::time::Duration;
use support::eventually_true;

/// A stack with a database that a test looks into.
#[expect(async_fn_in_trait, reason = "only tests call these, and they do not move between threads")]
pub trait WithDatabase {
    /// Its database, directly.
    fn db(&self) -> &PgPool;

    /// The number that a query counts.
    async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(self.db()).await?)
    }

    /// Whether `end` is `months` calendar months after `start`, in UTC, clamped to the month's
    /// last day; Postgres is the judge.
    async fn is_months_after(&self, start: &str, months: i32, end: &str) -> Result<bool> {
        let query = "SELECT ($1::timestamptz AT TIME ZONE 'UTC' + make_interval(months => $2)) \
                     = ($3::timestamptz AT TIME ZONE 'UTC')";
        let query = sqlx::query_scalar(query).bind(start).bind(months).bind(end);
        Ok(query.fetch_one(self.db()).await?)
    }

    /// Waits until a statement of some process waits for a lock on a table.
    async fn wait_for_blocked_statement(&self) -> Result<()> {
        let query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' \
                     AND database = (SELECT oid FROM pg_database \
                     WHERE datname = current_database())";
        eventually_true("a statement is blocked", Duration::from_secs(30), async || {
            Ok(self.count(query).await? > 0)
        })
        .await
    }

    /// Moves a subscription back so far that it ended a minute ago; nothing else changes.
    async fn end_subscription(&self, id: i64) -> Result<()> {
        let query = "UPDATE subscriptions SET \
                     start_date = start_date - (end_date - now() + interval '1 minute'), \
                     end_date = now() - interval '1 minute' WHERE id = $1";
        let done = sqlx::query(query).bind(id).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "no subscription {id}");
        Ok(())
    }

    /// Lets a subscription have begun at `start` and have been paid for `months`, so that
    /// renewals count from there.
    async fn move_start(&self, id: i64, start: &str, months: i32) -> Result<()> {
        let query = "UPDATE subscriptions SET start_date = $2::timestamptz, months = $3, \
                     end_date = ($2::timestamptz AT TIME ZONE 'UTC' + make_interval(months => $3)) \
                     AT TIME ZONE 'UTC' WHERE id = $1";
        let done = sqlx::query(query).bind(id).bind(start).bind(months).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "no subscription {id}");
        let query = "UPDATE grants SET months = $2 WHERE subscription_id = $1";
        let done = sqlx::query(query).bind(id).bind(months).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "subscription {id} was renewed before");
        Ok(())
    }

    /// Lets a gift have expired a minute ago.
    async fn end_gift(&self, id: i64) -> Result<()> {
        let query = "UPDATE gifts SET expires_at = now() - interval '1 minute' WHERE id = $1";
        let done = sqlx::query(query).bind(id).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "no gift {id}");
        Ok(())
    }

    /// The months from January 2024 to February of next year: a term that ends in the future, in
    /// a short month.
    async fn months_to_next_february(&self) -> Result<i32> {
        let query = "SELECT (extract(year FROM now())::int + 1 - 2024) * 12 + 1";
        Ok(sqlx::query_scalar(query).fetch_one(self.db()).await?)
    }
}
