//! Looking into the database of a stack.

use std::time::Duration;

use anyhow::Result;

use crate::{eventually_true, stack::Stack};

impl Stack {
    /// The number that a query counts.
    pub async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(self.db()).await?)
    }

    /// Whether `end` is `months` calendar months after `start`, in UTC, clamped to the month's
    /// last day; Postgres is the judge.
    pub async fn is_months_after(&self, start: &str, months: i32, end: &str) -> Result<bool> {
        let query = "SELECT ($1::timestamptz AT TIME ZONE 'UTC' + make_interval(months => $2)) \
                     = ($3::timestamptz AT TIME ZONE 'UTC')";
        let query = sqlx::query_scalar(query).bind(start).bind(months).bind(end);
        Ok(query.fetch_one(self.db()).await?)
    }

    /// Waits until a statement of some process waits for a lock on a table.
    pub async fn wait_for_blocked_statement(&self) -> Result<()> {
        let query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' \
                     AND database = (SELECT oid FROM pg_database \
                     WHERE datname = current_database())";
        eventually_true("a statement is blocked", Duration::from_secs(30), async || {
            Ok(self.count(query).await? > 0)
        })
        .await
    }
}
