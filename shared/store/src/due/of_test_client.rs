//! What is due of one test client.

use super::{Due, due};
use crate::connections::Lent;
use crate::tables::{GiftRow, SubscriptionRow, query_gifts, query_subscriptions};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, GiftId, Instant, Subscription, SubscriptionId};
use sqlx::PgConnection;

/// The earliest instant, up to `until`, at which something of that test client is due.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn next_instant(
    database: &Database,
    client: ClientId,
    until: Instant,
) -> Result<Option<Instant>, StoreError> {
    let look = |mut connection: Lent| async move {
        find_next_instant(&mut connection, client, until).await
    };
    database.read(look).await
}

/// As [`next_instant`], on that connection.
pub(crate) async fn find_next_instant(
    connection: &mut PgConnection,
    client: ClientId,
    until: Instant,
) -> Result<Option<Instant>, StoreError> {
    let next = sqlx::query_scalar!(
        "SELECT least(
             (SELECT due_at FROM subscriptions
              WHERE NOT livemode AND client_id = $1 AND due_at <= $2
              ORDER BY due_at, id LIMIT 1),
             (SELECT due_at FROM gifts
              WHERE NOT livemode AND client_id = $1 AND due_at <= $2
              ORDER BY due_at, id LIMIT 1)) AS next",
        client.get(),
        until,
    );
    Ok(next.fetch_one(connection).await?)
}

/// At most `limit` subscriptions of that test client that are due at exactly that instant, by id,
/// after that id if one is given.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions_at(
    database: &Database,
    (client, at): (ClientId, Instant),
    after: Option<SubscriptionId>,
    limit: u32,
) -> Result<Vec<Due<Subscription>>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = query_subscriptions!(
            "SELECT json_agg(due)::text AS rows FROM (SELECT ",
            " FROM subscriptions
              WHERE NOT livemode AND client_id = $1 AND due_at = $2 AND id > $3
              ORDER BY id LIMIT $4) AS due",
            client.get(),
            at,
            after.map_or(i64::MIN, SubscriptionId::get),
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?;
        due::<SubscriptionRow<'static>, _>(at, found.rows.as_deref())
    };
    database.read(look).await
}

/// At most `limit` gifts of that test client that are due at exactly that instant, by id, after
/// that id if one is given.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gifts_at(
    database: &Database,
    (client, at): (ClientId, Instant),
    after: Option<GiftId>,
    limit: u32,
) -> Result<Vec<Due<Gift>>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = query_gifts!(
            "SELECT json_agg(due)::text AS rows FROM (SELECT ",
            " FROM gifts
              WHERE NOT livemode AND client_id = $1 AND due_at = $2 AND id > $3
              ORDER BY id LIMIT $4) AS due",
            client.get(),
            at,
            after.map_or(i64::MIN, GiftId::get),
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?;
        due::<GiftRow<'static>, _>(at, found.rows.as_deref())
    };
    database.read(look).await
}
