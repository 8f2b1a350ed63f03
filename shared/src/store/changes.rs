//! Writing what a batch decided: one statement a table, whatever the size of the batch.

use super::StoreError;
use crate::domain::world::Changes;
use crate::domain::{Gift, Grant, Instant, Subscription, User};
use sqlx::PgConnection;

/// Writes every row as it is to be from now on.
pub async fn write(tx: &mut PgConnection, changes: &Changes) -> Result<(), StoreError> {
    if !changes.users.is_empty() {
        insert_users(tx, changes.users.values()).await?;
    }
    if !changes.subscriptions.is_empty() {
        upsert_subscriptions(tx, changes.subscriptions.values()).await?;
    }
    if !changes.gifts.is_empty() {
        upsert_gifts(tx, changes.gifts.values()).await?;
    }
    if !changes.grants.is_empty() {
        insert_grants(tx, &changes.grants).await?;
    }
    Ok(())
}

/// Rows go in by email, so that two batches that make the same users do not deadlock.
async fn insert_users(
    tx: &mut PgConnection,
    users: impl Iterator<Item = &User>,
) -> Result<(), StoreError> {
    let mut users: Vec<&User> = users.collect();
    users.sort_by_key(|user| (user.client, user.email.key()));
    let column = || users.iter();
    let ids: Vec<i64> = column().map(|u| u.id.0).collect();
    let clients: Vec<i64> = column().map(|u| u.client.0).collect();
    let emails: Vec<&str> = column().map(|u| u.email.as_str()).collect();
    let created: Vec<Instant> = column().map(|u| u.created_at).collect();
    sqlx::query!(
        "INSERT INTO users (id, client_id, email, created_at)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])",
        &ids,
        &clients,
        &emails as &[&str],
        &created,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Rows go in by id ascending, so that a lapsed subscription is no longer active when its successor
/// is checked against `subscriptions_one_active_key`.
async fn upsert_subscriptions(
    tx: &mut PgConnection,
    subscriptions: impl Iterator<Item = &Subscription> + Clone,
) -> Result<(), StoreError> {
    let column = || subscriptions.clone();
    let ids: Vec<i64> = column().map(|s| s.id.0).collect();
    let users: Vec<i64> = column().map(|s| s.user.0).collect();
    let plans: Vec<&str> = column().map(|s| s.plan.as_str()).collect();
    let statuses: Vec<&str> = column().map(|s| s.status.as_str()).collect();
    let months: Vec<i32> = column().map(|s| count(s.months)).collect();
    let starts: Vec<Instant> = column().map(|s| s.start_date).collect();
    let ends: Vec<Instant> = column().map(|s| s.end_date).collect();
    let cancelled: Vec<Option<Instant>> = column().map(|s| s.cancelled_at).collect();
    let created: Vec<Instant> = column().map(|s| s.created_at).collect();
    let updated: Vec<Instant> = column().map(|s| s.updated_at).collect();
    sqlx::query!(
        "INSERT INTO subscriptions (id, user_id, plan, status, months, start_date, end_date,
                                    cancelled_at, created_at, updated_at)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::integer[],
                              $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
                              $9::timestamptz[], $10::timestamptz[])
         ON CONFLICT (id) DO UPDATE SET
             status = excluded.status, months = excluded.months, end_date = excluded.end_date,
             cancelled_at = excluded.cancelled_at, updated_at = excluded.updated_at",
        &ids,
        &users,
        &plans as &[&str],
        &statuses as &[&str],
        &months,
        &starts,
        &ends,
        &cancelled as &[Option<Instant>],
        &created,
        &updated,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn upsert_gifts(
    tx: &mut PgConnection,
    gifts: impl Iterator<Item = &Gift> + Clone,
) -> Result<(), StoreError> {
    let column = || gifts.clone();
    let ids: Vec<i64> = column().map(|g| g.id.0).collect();
    let gifters: Vec<i64> = column().map(|g| g.gifter.0).collect();
    let emails: Vec<&str> = column().map(|g| g.recipient_email.as_str()).collect();
    let recipients: Vec<Option<i64>> = column().map(|g| g.recipient.map(|u| u.0)).collect();
    let statuses: Vec<&str> = column().map(|g| g.status.as_str()).collect();
    let months: Vec<i32> = column().map(|g| count(g.months)).collect();
    let expires: Vec<Instant> = column().map(|g| g.expires_at).collect();
    let redeemed: Vec<Option<Instant>> = column().map(|g| g.redeemed_at).collect();
    let created: Vec<Instant> = column().map(|g| g.created_at).collect();
    sqlx::query!(
        "INSERT INTO gifts (id, gifter_id, recipient_email, recipient_id, status, months,
                            expires_at, redeemed_at, created_at)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[],
                              $6::integer[], $7::timestamptz[], $8::timestamptz[],
                              $9::timestamptz[])
         ON CONFLICT (id) DO UPDATE SET
             recipient_id = excluded.recipient_id, status = excluded.status,
             redeemed_at = excluded.redeemed_at",
        &ids,
        &gifters,
        &emails as &[&str],
        &recipients as &[Option<i64>],
        &statuses as &[&str],
        &months,
        &expires,
        &redeemed as &[Option<Instant>],
        &created,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_grants(tx: &mut PgConnection, grants: &[Grant]) -> Result<(), StoreError> {
    let subscriptions: Vec<i64> = grants.iter().map(|g| g.subscription.0).collect();
    let sources: Vec<&str> = grants.iter().map(|g| g.source.as_str()).collect();
    let months: Vec<i32> = grants.iter().map(|g| count(g.months)).collect();
    let gifts: Vec<Option<i64>> = grants.iter().map(|g| g.source.gift().map(|id| id.0)).collect();
    let jobs: Vec<uuid::Uuid> = grants.iter().map(|g| g.job.0).collect();
    let granted: Vec<Instant> = grants.iter().map(|g| g.granted_at).collect();
    sqlx::query!(
        "INSERT INTO grants (subscription_id, source, months, gift_id, job_id, granted_at)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::bigint[], $5::uuid[],
                              $6::timestamptz[])",
        &subscriptions,
        &sources as &[&str],
        &months,
        &gifts as &[Option<i64>],
        &jobs,
        &granted,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Counts are bounded far below the column's size; one that is not would fail its check.
fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(-1)
}
