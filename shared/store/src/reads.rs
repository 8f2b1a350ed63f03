//! The reads of clients. Each answer comes with the time by Postgres's clock, so that expired rows
//! are shown as expired even before a sweep has marked them.

use crate::rows::{GiftRow, SubscriptionRow, UserRow};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, GiftId, Instant, Subscription, SubscriptionId, User, UserId};
use std::collections::HashMap;

/// A user of that client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn user(
    database: &Database,
    client: ClientId,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    let look = || async {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT id, client_id, email, created_at FROM users WHERE id = $1 AND client_id = $2",
            id.get(),
            client.get(),
        )
        .fetch_optional(database.pool())
        .await?;
        row.map(User::try_from).transpose()
    };
    database.read(look).await
}

/// A gift of that client, and the time of the read.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gift(
    database: &Database,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    database.read(|| find_gift(database, client, id)).await
}

async fn find_gift(
    database: &Database,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT g.id, g.gifter_id, u.client_id, g.recipient_email, g.recipient_id, g.status,
                  g.months, g.expires_at, g.redeemed_at, g.created_at, now() AS "now!"
           FROM gifts g JOIN users u ON u.id = g.gifter_id
           WHERE g.id = $1 AND u.client_id = $2"#,
        id.get(),
        client.get(),
    )
    .fetch_optional(database.pool())
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

/// A request for a page of subscriptions: the newest `limit` ones of a user of that client that are
/// older than `before`.
#[derive(Debug, Clone, Copy)]
pub struct PageOf {
    /// The client that sent the request.
    pub client: ClientId,
    /// The user whose subscriptions are requested.
    pub user: UserId,
    /// The last subscription of the page before, if there is one.
    pub before: Option<SubscriptionId>,
    /// The most subscriptions of the page.
    pub limit: u32,
}

/// A page of the subscriptions of one user.
#[derive(Debug)]
pub struct Page {
    /// The subscriptions, newest first.
    pub subscriptions: Vec<Subscription>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// The time of the read.
    pub now: Instant,
}

/// Pages of subscriptions, in the order in which they are requested. `None` if there is no such
/// user.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions(
    database: &Database,
    asked: &[PageOf],
) -> Result<Vec<Option<Page>>, StoreError> {
    database.read(|| find_subscriptions(database, asked)).await
}

async fn find_subscriptions(
    database: &Database,
    asked: &[PageOf],
) -> Result<Vec<Option<Page>>, StoreError> {
    let users: Vec<i64> = asked.iter().map(|page| page.user.get()).collect();
    let clients: Vec<i64> = asked.iter().map(|page| page.client.get()).collect();
    let befores: Vec<i64> =
        asked.iter().map(|page| page.before.map_or(i64::MAX, SubscriptionId::get)).collect();
    let limits: Vec<i64> = asked.iter().map(|page| page.limit.into()).collect();
    let mut connection = database.take().await?;
    // One subscription more than requested is read, which tells whether more follow. LIMIT makes
    // Postgres look each row up by itself, whatever the sizes of the tables.
    let rows = sqlx::query!(
        r#"SELECT asked.place AS "place!", now() AS "now!",
                  (SELECT json_agg(page)
                   FROM (SELECT id, user_id, asked.client_id, plan, status, months, start_date,
                                end_date, cancelled_at, created_at, updated_at
                         FROM subscriptions
                         WHERE user_id = owner.id AND subscriptions.id < asked.before
                         ORDER BY subscriptions.id DESC LIMIT asked.size + 1) AS page)::text AS page
           FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
                    AS asked (user_id, client_id, before, size, place),
                LATERAL (SELECT id, client_id FROM users
                         WHERE users.id = asked.user_id LIMIT 1) AS owner
           WHERE owner.client_id = asked.client_id"#,
        &users,
        &clients,
        &befores,
        &limits,
    )
    .fetch_all(&mut *connection)
    .await?;
    database.keep(connection);
    let mut found: HashMap<i64, _> =
        rows.into_iter().map(|row| (row.place, (row.page, row.now))).collect();
    let page = |(place, asked): (i64, &PageOf)| {
        let Some((rows, now)) = found.remove(&place) else { return Ok(None) };
        Page::read(rows.as_deref().unwrap_or("[]"), asked.limit as usize, now).map(Some)
    };
    (1..).zip(asked).map(page).collect()
}

impl Page {
    fn read(rows: &str, limit: usize, now: Instant) -> Result<Self, StoreError> {
        let rows: Vec<SubscriptionRow> =
            serde_json::from_str(rows).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let has_more = rows.len() > limit;
        let subscriptions = rows.into_iter().take(limit).map(Subscription::try_from);
        Ok(Self { subscriptions: subscriptions.collect::<Result<_, _>>()?, has_more, now })
    }
}
