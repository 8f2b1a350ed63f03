//! Makes time pass: moves rows into the past, so that they fall due within seconds.
//!
//! Each such change adds a row to the command log, in the same transaction and under the same
//! locks that a command would take. The checker replays it like the others. Test clients are left
//! alone: they have clocks to make time pass. It is written as
//! release 0.2.0 wrote expiries: it belongs to a built-in client, is internal and has no input.
//! The product looks rows of the command log up by job only, so it never reads these.

use crate::checker::LogRow;
use anyhow::Result;
use domain::{Change, Changes};
use domain::{ClientId, Gift, GiftId, Grant, Instant, OpenPayment, Subscription, SubscriptionId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

const AGE_SUBSCRIPTION: &str = "faults_age_subscription";
const AGE_GIFT: &str = "faults_age_gift";
const AGE_PAYMENT: &str = "faults_age_payment";

/// The change as it is noted in the command log, with instants in microseconds.
#[derive(Serialize, Deserialize)]
struct Note {
    start_us: i64,
    end_us: i64,
}

/// Makes a running subscription end, or its trial, and a pending gift expire, in about a second;
/// and lets a subscription wait no longer for its payment. What grants cover moves with their
/// subscription.
#[expect(clippy::too_many_lines, reason = "three statements, one after the other")]
pub async fn inject(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    let found: Option<(i64, i64)> = sqlx::query_as(
        "SELECT u.client_id, u.id
         FROM users u JOIN subscriptions s ON (s.client_id, s.user_id) = (u.client_id, u.id)
         WHERE s.livemode AND s.status IN ('active', 'trialing')
           AND s.payment_id IS NULL AND s.retry_at IS NULL
         ORDER BY random() LIMIT 1 FOR NO KEY UPDATE OF u",
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((client, user)) = found {
        let aged: Option<(i64, Instant, Instant)> = sqlx::query_as(
            "WITH aged AS (
                 SELECT client_id, id,
                        CASE WHEN status = 'trialing' THEN trial_end ELSE end_date END
                        - (clock_timestamp() + interval '1 second') AS by
                 FROM subscriptions
                 WHERE client_id = $1 AND user_id = $2 AND status IN ('active', 'trialing')
                   AND payment_id IS NULL AND retry_at IS NULL FOR NO KEY UPDATE
             ), moved AS (
                 UPDATE grants SET slice_start = slice_start - by, slice_end = slice_end - by
                 FROM aged WHERE grants.client_id = aged.client_id AND subscription_id = aged.id
             )
             UPDATE subscriptions s SET start_date = start_date - by, end_date = end_date - by,
                                        due_at = due_at - by, anchor = anchor - by,
                                        trial_end = trial_end - by,
                                        recognise_at = recognise_at - by
             FROM aged WHERE (s.client_id, s.id) = (aged.client_id, aged.id)
             RETURNING s.id, s.start_date, s.end_date",
        )
        .bind(client)
        .bind(user)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some((id, start, end)) = aged {
            note(&mut tx, AGE_SUBSCRIPTION, id, start, end).await?;
        }
    }
    let aged: Option<(i64, Instant, Instant)> = sqlx::query_as(
        "WITH aged AS (
             SELECT client_id, id, clock_timestamp() + interval '1 second' AS at
             FROM gifts WHERE livemode AND status IN ('pending', 'incomplete')
             ORDER BY random() LIMIT 1
             FOR NO KEY UPDATE SKIP LOCKED
         )
         UPDATE gifts g SET expires_at = at, due_at = at
         FROM aged WHERE (g.client_id, g.id) = (aged.client_id, aged.id)
         RETURNING g.id, g.created_at, g.expires_at",
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((id, created, expires)) = aged {
        note(&mut tx, AGE_GIFT, id, created, expires).await?;
    }
    let aged: Option<(i64, Instant, Instant)> = sqlx::query_as(
        "WITH waiting AS (
             SELECT u.client_id, u.id
             FROM users u JOIN subscriptions s ON (s.client_id, s.user_id) = (u.client_id, u.id)
             WHERE s.livemode AND s.payment_id IS NOT NULL ORDER BY random() LIMIT 1
             FOR NO KEY UPDATE OF u SKIP LOCKED
         ), aged AS (
             SELECT s.client_id, s.id, clock_timestamp() AS at
             FROM subscriptions s JOIN waiting ON (s.client_id, s.user_id) =
                                                  (waiting.client_id, waiting.id)
             WHERE s.payment_id IS NOT NULL LIMIT 1 FOR NO KEY UPDATE OF s
         )
         UPDATE subscriptions s SET payment_until = at, due_at = least(due_at, at)
         FROM aged WHERE (s.client_id, s.id) = (aged.client_id, aged.id)
         RETURNING s.id, s.start_date, s.payment_until",
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((id, start, until)) = aged {
        note(&mut tx, AGE_PAYMENT, id, start, until).await?;
    }
    Ok(tx.commit().await?)
}

/// Lets nothing wait for its payment any more, so that everything comes to its end.
pub async fn lapse_all(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT FROM users ORDER BY client_id, id FOR NO KEY UPDATE")
        .execute(&mut *tx)
        .await?;
    let waiting: Vec<(i64, Instant, Instant)> = sqlx::query_as(
        "UPDATE subscriptions SET payment_until = now(), due_at = least(due_at, now())
         WHERE livemode AND payment_id IS NOT NULL RETURNING id, start_date, payment_until",
    )
    .fetch_all(&mut *tx)
    .await?;
    for (id, start, until) in waiting {
        note(&mut tx, AGE_PAYMENT, id, start, until).await?;
    }
    let incomplete: Vec<(i64, Instant, Instant)> = sqlx::query_as(
        "UPDATE gifts SET expires_at = now(), due_at = now()
         WHERE livemode AND status = 'incomplete' RETURNING id, created_at, expires_at",
    )
    .fetch_all(&mut *tx)
    .await?;
    for (id, created, expires) in incomplete {
        note(&mut tx, AGE_GIFT, id, created, expires).await?;
    }
    Ok(tx.commit().await?)
}

async fn note(
    tx: &mut PgConnection,
    operation: &str,
    id: i64,
    start: Instant,
    end: Instant,
) -> Result<()> {
    let note = Note { start_us: start.timestamp_micros(), end_us: end.timestamp_micros() };
    sqlx::query(
        "INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint,
                                   operation, entity_id, status, body, attempts, submitted_at,
                                   decided_at, finished_at)
         VALUES ($1, $2, 'internal', $1::text, decode(repeat('00', 32), 'hex'), $3, $4, 200, $5, 1,
                 clock_timestamp(), clock_timestamp(), clock_timestamp())",
    )
    .bind(Uuid::new_v4())
    .bind(ClientId::SYSTEM.get())
    .bind(operation)
    .bind(id)
    .bind(serde_json::to_string(&note)?)
    .execute(tx)
    .await?;
    Ok(())
}

/// The changes that a row of the command log notes, if the nemesis has written the row.
#[must_use]
pub fn replay(row: &LogRow, rows: &Changes) -> Vec<Change> {
    changes(row, rows).unwrap_or_default()
}

fn changes(row: &LogRow, rows: &Changes) -> Option<Vec<Change>> {
    let note: Note = serde_json::from_str(&row.answer.as_ref()?.body).ok()?;
    let start_date = Instant::from_timestamp_micros(note.start_us)?;
    let end = Instant::from_timestamp_micros(note.end_us)?;
    let id = row.entity?;
    match row.operation.as_str() {
        AGE_SUBSCRIPTION => {
            let found = rows.subscriptions.get(&SubscriptionId::new(id))?.clone();
            let by = found.start_date - start_date;
            let of = rows.grants.values().filter(|grant| grant.subscription == found.id);
            let moved = of.map(|grant| {
                let slice = grant.slice.map(|slice| slice.moved(-by));
                Change::Grant(Grant { slice, ..grant.clone() })
            });
            let aged = Subscription {
                start_date,
                anchor: found.anchor - by,
                end_date: end,
                trial_end: found.trial_end.map(|at| at - by),
                recognise_at: found.recognise_at.map(|at| at - by),
                ..found
            };
            Some(moved.chain([Change::Subscription(aged)]).collect())
        }
        AGE_PAYMENT => {
            let found = rows.subscriptions.get(&SubscriptionId::new(id))?.clone();
            let open = found.open_payment?;
            let open_payment = Some(OpenPayment { until: end, ..open });
            Some(vec![Change::Subscription(Subscription { open_payment, ..found })])
        }
        AGE_GIFT => {
            let found = rows.gifts.get(&GiftId::new(id))?.clone();
            Some(vec![Change::Gift(Gift { expires_at: end, ..found })])
        }
        _ => None,
    }
}
