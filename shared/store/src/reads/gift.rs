//! A gift.

use crate::connections::Lent;
use crate::tables::{GiftRow, from_json, query_gifts};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, GiftId, Instant};
use sqlx::PgConnection;

/// A gift of that client, and the time of the client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gift(
    database: &Database,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    let look = |mut connection: Lent| async move { find_gift(&mut connection, client, id).await };
    database.read(look).await
}

async fn find_gift(
    connection: &mut PgConnection,
    client: ClientId,
    id: GiftId,
) -> Result<Option<(Gift, Instant)>, StoreError> {
    let found = query_gifts!(
        r#"SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = $1), now()) AS "now!",
                  to_json(gift)::text AS "gift!" FROM (SELECT "#,
        " FROM gifts WHERE client_id = $1 AND id = $2) AS gift",
        client.get(),
        id.get(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let gift = from_json::<GiftRow<'_>>(&found.gift)?;
    Ok(Some((gift.try_into()?, found.now)))
}
