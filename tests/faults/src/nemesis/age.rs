//! Makes time pass: moves rows into the past, so that they fall due within seconds.
//!
//! Each such change adds a row to the command log, in the same transaction and under the same
//! locks that a command would take. The checker replays it like the others. It is written as
//! release 0.2.0 wrote expiries: it belongs to a built-in client, is internal and has no input.
//! The product looks rows of the command log up by job only, so it never reads these.

use crate::checker::LogRow;
use anyhow::Result;
use domain::{Change, Changes};
use domain::{ClientId, Gift, GiftId, Instant, Subscription, SubscriptionId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

const AGE_SUBSCRIPTION: &str = "faults_age_subscription";
const AGE_GIFT: &str = "faults_age_gift";

/// The change as it is noted in the command log, with instants in microseconds.
#[derive(Serialize, Deserialize)]
struct Note {
    start_us: i64,
    end_us: i64,
}

/// Makes a running subscription end, and a pending gift expire, in about a second.
pub async fn inject(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    let found: Option<(i64, i64)> = sqlx::query_as(
        "SELECT u.client_id, u.id
         FROM users u JOIN subscriptions s ON (s.client_id, s.user_id) = (u.client_id, u.id)
         WHERE s.status = 'active' ORDER BY random() LIMIT 1 FOR NO KEY UPDATE OF u",
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((client, user)) = found {
        let aged: Option<(i64, Instant, Instant)> = sqlx::query_as(
            "WITH aged AS (
                 SELECT client_id, id, end_date - (clock_timestamp() + interval '1 second') AS by
                 FROM subscriptions
                 WHERE client_id = $1 AND user_id = $2 AND status = 'active' FOR NO KEY UPDATE
             )
             UPDATE subscriptions s SET start_date = start_date - by, end_date = end_date - by,
                                        due_at = end_date - by,
                                        anchor = anchor - by
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
             FROM gifts WHERE status = 'pending' ORDER BY random() LIMIT 1
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

/// The change that a row of the command log notes, if the nemesis has written the row.
#[must_use]
pub fn replay(row: &LogRow, rows: &Changes) -> Option<Change> {
    let note: Note = serde_json::from_str(&row.answer.as_ref()?.body).ok()?;
    let start_date = Instant::from_timestamp_micros(note.start_us)?;
    let end = Instant::from_timestamp_micros(note.end_us)?;
    let id = row.entity?;
    match row.operation.as_str() {
        AGE_SUBSCRIPTION => {
            let found = rows.subscriptions.get(&SubscriptionId::new(id))?.clone();
            let anchor = found.anchor - (found.start_date - start_date);
            let aged = Subscription { start_date, anchor, end_date: end, ..found };
            Some(Change::Subscription(aged))
        }
        AGE_GIFT => {
            let found = rows.gifts.get(&GiftId::new(id))?.clone();
            Some(Change::Gift(Gift { expires_at: end, ..found }))
        }
        _ => None,
    }
}
