//! Expiry: marks rows that are due, and adds an entry to the command log for each.
//!
//! A sweep finds rows by their state ("active and past its end"), not by a tick, so nothing is
//! missed during downtime. Rows that a batch of commands has locked are skipped, and the next sweep
//! finds them. Any number of workers may sweep at once.
//!
//! A step passes the ids of its rows on as an array. The planner expects few elements in an array,
//! and looks each up by key. Of a join it would expect many more rows, and it would read whole
//! tables at every step.

use crate::rows::{GiftRow, SubscriptionRow};
use crate::{Database, StoreError, command_log};
use chrono::TimeDelta;
use contract::view::{GiftView, SubscriptionView, timestamp};
use domain::{
    Answer, ClientId, Fingerprint, Gift, IdempotencyKey, Instant, LogEntry, Operation, Origin,
    Subscription, job_id,
};

/// The result of one bounded step of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The number of rows that were marked.
    pub expired: usize,
    /// The time for which the first of them had been due; zero if there was none.
    pub lag: TimeDelta,
}

/// Marks at most `limit` subscriptions that are past their end.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn expire_subscriptions(database: &Database, limit: i64) -> Result<Step, StoreError> {
    database.noting_outages(try_expire_subscriptions(database, limit).await)
}

async fn try_expire_subscriptions(database: &Database, limit: i64) -> Result<Step, StoreError> {
    let mut tx = database.pool().begin().await?;
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r##"WITH due AS (
               SELECT id FROM subscriptions WHERE status = 'active' AND end_date <= now()
               ORDER BY end_date, id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
           )
           UPDATE subscriptions s SET status = 'expired', updated_at = now()
           WHERE id = ANY(ARRAY(SELECT id FROM due))
           RETURNING id, user_id, plan, status, months, start_date, end_date, cancelled_at,
                     created_at, updated_at,
                     (SELECT client_id FROM users WHERE users.id = s.user_id) AS "client_id!""##,
        limit,
    )
    .fetch_all(&mut *tx)
    .await?;
    let expired: Vec<Subscription> =
        rows.into_iter().map(Subscription::try_from).collect::<Result<_, _>>()?;
    let entries: Vec<_> = expired.iter().map(subscription_entry).collect::<Result<_, _>>()?;
    command_log::append(&mut tx, &entries).await?;
    tx.commit().await?;
    Ok(step(expired.iter().map(|s| (s.end_date, s.updated_at))))
}

/// Marks at most `limit` gifts that were not redeemed in time.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn expire_gifts(database: &Database, limit: i64) -> Result<Step, StoreError> {
    database.noting_outages(try_expire_gifts(database, limit).await)
}

async fn try_expire_gifts(database: &Database, limit: i64) -> Result<Step, StoreError> {
    let mut tx = database.pool().begin().await?;
    let rows = sqlx::query_as!(
        GiftRow,
        r##"WITH due AS (
               SELECT id FROM gifts WHERE status = 'pending' AND expires_at <= now()
               ORDER BY expires_at, id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
           )
           UPDATE gifts g SET status = 'expired'
           WHERE id = ANY(ARRAY(SELECT id FROM due))
           RETURNING id, gifter_id, recipient_email, recipient_id, status, months, expires_at,
                     redeemed_at, created_at,
                     (SELECT client_id FROM users WHERE users.id = g.gifter_id) AS "client_id!""##,
        limit,
    )
    .fetch_all(&mut *tx)
    .await?;
    let now = sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(&mut *tx).await?;
    let expired: Vec<Gift> = rows.into_iter().map(Gift::try_from).collect::<Result<_, _>>()?;
    let entries: Vec<_> =
        expired.iter().map(|gift| gift_entry(gift, now)).collect::<Result<_, _>>()?;
    command_log::append(&mut tx, &entries).await?;
    tx.commit().await?;
    Ok(step(expired.iter().map(|gift| (gift.expires_at, now))))
}

fn step(rows: impl ExactSizeIterator<Item = (Instant, Instant)>) -> Step {
    let expired = rows.len();
    let lag = rows.map(|(due, now)| now - due).max().unwrap_or_default();
    Step { expired, lag }
}

/// The entry for an expired subscription. Its key contains the end, because an expiry at another
/// end would be another change.
fn subscription_entry(s: &Subscription) -> Result<LogEntry, StoreError> {
    let key = format!("expire:subscription:{}:{}", s.id, timestamp(s.end_date));
    let answer = contract::answer_with(200, &SubscriptionView::at(s, s.updated_at));
    entry(&key, Operation::ExpireSubscription, s.id.get(), answer, s.updated_at)
}

fn gift_entry(gift: &Gift, now: Instant) -> Result<LogEntry, StoreError> {
    let key = format!("expire:gift:{}", gift.id);
    let answer = contract::answer_with(200, &GiftView::at(gift, now));
    entry(&key, Operation::ExpireGift, gift.id.get(), answer, now)
}

fn entry(
    key: &str,
    operation: Operation,
    entity: i64,
    answer: Answer,
    now: Instant,
) -> Result<LogEntry, StoreError> {
    let key = IdempotencyKey::parse(key.as_bytes())
        .map_err(|_| StoreError::Unwritable { table: "transactions", column: "idempotency_key" })?;
    Ok(LogEntry {
        job: job_id(ClientId::SYSTEM, &key),
        client: ClientId::SYSTEM,
        origin: Origin::Internal,
        input: None,
        user: None,
        decided_at: now,
        fingerprint: Fingerprint::of_request("SWEEP", key.as_str(), b""),
        key,
        operation,
        entity: Some(entity),
        answer,
        attempts: 1,
        submitted_at: now,
        finished_at: now,
    })
}
