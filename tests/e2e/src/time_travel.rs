//! Moving rows in time: the contract has no other clock to turn.

use anyhow::{Result, ensure};

use crate::stack::Stack;

impl Stack {
    /// Moves a subscription back so far that it ended a minute ago; nothing else changes.
    pub async fn end_subscription(&self, id: i64) -> Result<()> {
        let query = "UPDATE subscriptions SET \
                     start_date = start_date - (end_date - now() + interval '1 minute'), \
                     end_date = now() - interval '1 minute' WHERE id = $1";
        let done = sqlx::query(query).bind(id).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "no subscription {id}");
        Ok(())
    }

    /// Lets a subscription have begun at `start` and have been paid for `months`, so that
    /// renewals count from there.
    pub async fn move_start(&self, id: i64, start: &str, months: i32) -> Result<()> {
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
    pub async fn end_gift(&self, id: i64) -> Result<()> {
        let query = "UPDATE gifts SET expires_at = now() - interval '1 minute' WHERE id = $1";
        let done = sqlx::query(query).bind(id).execute(self.db()).await?;
        ensure!(done.rows_affected() == 1, "no gift {id}");
        Ok(())
    }

    /// The months from January 2024 to February of next year: a term that ends in the future, in
    /// a short month.
    pub async fn months_to_next_february(&self) -> Result<i32> {
        let query = "SELECT (extract(year FROM now())::int + 1 - 2024) * 12 + 1";
        Ok(sqlx::query_scalar(query).fetch_one(self.db()).await?)
    }
}
