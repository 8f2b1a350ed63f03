//! A subscription.

use crate::connections::Lent;
use crate::reads::line::line;
use crate::tables::{SubscriptionRow, from_json, query_subscriptions};
use crate::{Database, StoreError};
use domain::{ClientId, Instant, Line, Subscription, SubscriptionId};
use sqlx::PgConnection;

/// A subscription of that client, the line of its user if any waits in it, and the time of the
/// client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscription(
    database: &Database,
    client: ClientId,
    id: SubscriptionId,
) -> Result<Option<(Subscription, Line, Instant)>, StoreError> {
    let look = |mut connection: Lent| async move { find(&mut connection, client, id).await };
    database.read(look).await
}

async fn find(
    connection: &mut PgConnection,
    client: ClientId,
    id: SubscriptionId,
) -> Result<Option<(Subscription, Line, Instant)>, StoreError> {
    let found = query_subscriptions!(
        r#"SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = $1), now()) AS "now!",
                  to_json(found)::text AS "subscription!",
                  line_of(found.client_id, found.user_id)::text AS line FROM (SELECT "#,
        " FROM subscriptions WHERE client_id = $1 AND id = $2) AS found",
        client.get(),
        id.get(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let subscription = from_json::<SubscriptionRow<'_>>(&found.subscription)?;
    Ok(Some((subscription.try_into()?, line(found.line.as_deref())?, found.now)))
}
