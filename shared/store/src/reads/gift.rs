//! A gift.

use crate::tables::{GiftRow, from_json, query_gifts};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, GiftId, Instant};

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
    let found = query_gifts!(
        r#"SELECT now() AS "now!", to_json(gift)::text AS "gift!" FROM (SELECT "#,
        " FROM gifts WHERE client_id = $1 AND id = $2) AS gift",
        client.get(),
        id.get(),
    )
    .fetch_optional(database.pool())
    .await?;
    let Some(found) = found else { return Ok(None) };
    let gift = from_json::<GiftRow<'_>>(&found.gift)?;
    Ok(Some((gift.try_into()?, found.now)))
}
