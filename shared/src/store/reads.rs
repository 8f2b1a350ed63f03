//! What clients look up. Each answer comes with Postgres's clock, so that what has run out is shown
//! so even before a sweep has marked it.

use super::rows::{GiftRow, SubscriptionRow, UserRow};
use super::{StoreError, trust};
use crate::domain::{ClientId, Gift, GiftId, Instant, Subscription, SubscriptionId, User, UserId};
use sqlx::PgPool;

/// A user of that client.
pub async fn user(pool: &PgPool, client: ClientId, id: UserId) -> Result<Option<User>, StoreError> {
    let look = || async {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT id, client_id, email, created_at FROM users WHERE id = $1 AND client_id = $2",
            id.0,
            client.0,
        )
        .fetch_optional(pool)
        .await?;
        row.map(User::try_from).transpose()
    };
    trust::read(look).await
}

/// A gift of that client, and the time.
pub async fn gift(
    pool: &PgPool,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    trust::read(|| find_gift(pool, client, id)).await
}

async fn find_gift(
    pool: &PgPool,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT g.id, g.gifter_id, u.client_id, g.recipient_email, g.recipient_id, g.status,
                  g.months, g.expires_at, g.redeemed_at, g.created_at, now() AS "now!"
           FROM gifts g JOIN users u ON u.id = g.gifter_id
           WHERE g.id = $1 AND u.client_id = $2"#,
        id.0,
        client.0,
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let gift = GiftRow {
        id: row.id,
        gifter_id: row.gifter_id,
        client_id: row.client_id,
        recipient_email: row.recipient_email,
        recipient_id: row.recipient_id,
        status: row.status,
        months: row.months,
        expires_at: row.expires_at,
        redeemed_at: row.redeemed_at,
        created_at: row.created_at,
    };
    Ok(Some((gift.try_into()?, row.now)))
}

/// A page of the subscriptions of one user.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub subscriptions: Vec<Subscription>,
    /// Whether older ones follow.
    pub has_more: bool,
    /// The time at which this was so.
    pub now: Instant,
}

/// The newest `limit` subscriptions of a user of that client, of those older than `before`. `None`
/// when there is no such user.
pub async fn subscriptions(
    pool: &PgPool,
    client: ClientId,
    user: UserId,
    before: Option<SubscriptionId>,
    limit: u32,
) -> Result<Option<Page>, StoreError> {
    trust::read(|| find_subscriptions(pool, client, user, before, limit)).await
}

async fn find_subscriptions(
    pool: &PgPool,
    client: ClientId,
    user: UserId,
    before: Option<SubscriptionId>,
    limit: u32,
) -> Result<Option<Page>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.id, s.user_id, u.client_id, s.plan, s.status, s.months, s.start_date,
                  s.end_date, s.cancelled_at, s.created_at, s.updated_at, now() AS "now!"
           FROM users u JOIN subscriptions s ON s.user_id = u.id
           WHERE u.id = $1 AND u.client_id = $2 AND s.id < $3
           ORDER BY s.id DESC LIMIT $4"#,
        user.0,
        client.0,
        before.map_or(i64::MAX, |id| id.0),
        i64::from(limit) + 1,
    )
    .fetch_all(pool)
    .await?;
    let Some(now) = rows.first().map(|row| row.now) else {
        return empty_page(pool, client, user).await;
    };
    let has_more = rows.len() > limit as usize;
    let subscriptions = rows.into_iter().take(limit as usize).map(|row| {
        Subscription::try_from(SubscriptionRow {
            id: row.id,
            user_id: row.user_id,
            client_id: row.client_id,
            plan: row.plan,
            status: row.status,
            months: row.months,
            start_date: row.start_date,
            end_date: row.end_date,
            cancelled_at: row.cancelled_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    });
    Ok(Some(Page { subscriptions: subscriptions.collect::<Result<_, _>>()?, has_more, now }))
}

/// No rows: is there such a user at all?
async fn empty_page(
    pool: &PgPool,
    client: ClientId,
    user: UserId,
) -> Result<Option<Page>, StoreError> {
    let now = sqlx::query_scalar!(
        r#"SELECT now() AS "now!" FROM users WHERE id = $1 AND client_id = $2"#,
        user.0,
        client.0,
    )
    .fetch_optional(pool)
    .await?;
    Ok(now.map(|now| Page { subscriptions: Vec::new(), has_more: false, now }))
}
