//! Closings of the ledger: the sums of all that no transaction can come before any more.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::ClientId;
use sqlx::Connection;

/// The most transfers that are added to a closing in one transaction.
pub const CLOSED_AT_ONCE_MAX: u32 = 5_000;

/// The clients that have transfers which are not closed, and can be.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn open_clients(database: &Database) -> Result<Vec<ClientId>, StoreError> {
    let look = |mut connection: Lent| async move {
        let clients = sqlx::query_scalar!(
            "SELECT clients.id
             FROM clients LEFT JOIN ledger_places AS place ON place.client_id = clients.id
             WHERE EXISTS (SELECT FROM ledger
                           WHERE ledger.client_id = clients.id
                             AND (ledger.tx, ledger.id)
                                 > (coalesce(place.tx, '0'), coalesce(place.ledger_id, 0))
                             AND ledger.tx < pg_snapshot_xmin(pg_current_snapshot()))
             ORDER BY clients.id"
        );
        let clients = clients.fetch_all(&mut *connection).await?;
        Ok(clients.into_iter().map(ClientId::new).collect())
    };
    database.run(look).await
}

/// Adds the next transfers of that client to its closing, and returns how many those were; 0 if
/// another worker is at it.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn close(database: &Database, client: ClientId) -> Result<u32, StoreError> {
    let close = |mut connection: Lent| async move {
        let client = client.get();
        let mut tx = connection.begin().await?;
        sqlx::query!(
            "INSERT INTO ledger_places (client_id) VALUES ($1) ON CONFLICT (client_id) DO NOTHING",
            client,
        )
        .execute(&mut *tx)
        .await?;
        let place = sqlx::query_scalar!(
            r#"SELECT true AS "is_ours!" FROM ledger_places WHERE client_id = $1
               FOR NO KEY UPDATE SKIP LOCKED"#,
            client,
        );
        if place.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(0);
        }
        let closed = sqlx::query_scalar!(
            r#"WITH taken AS (
                   SELECT next.id, next.tx, next.debit, next.credit, next.currency, next.amount
                   FROM ledger_places AS place,
                       LATERAL (SELECT id, tx, debit, credit, currency, amount FROM ledger
                                WHERE client_id = $1 AND (tx, id) > (place.tx, place.ledger_id)
                                  AND tx < pg_snapshot_xmin(pg_current_snapshot())
                                ORDER BY tx, id LIMIT $2) AS next
                   WHERE place.client_id = $1),
               added AS (
                   INSERT INTO ledger_closings (client_id, account, currency, amount)
                   SELECT $1, side.account, side.currency, sum(side.amount)::bigint
                   FROM (SELECT debit AS account, currency, amount FROM taken
                         UNION ALL SELECT credit, currency, -amount FROM taken) AS side
                   GROUP BY side.account, side.currency
                   ON CONFLICT (client_id, account, currency)
                       DO UPDATE SET amount = ledger_closings.amount + excluded.amount),
               moved AS (
                   UPDATE ledger_places SET tx = last.tx, ledger_id = last.id,
                       closed_at = clock_timestamp()
                   FROM (SELECT tx, id FROM taken ORDER BY tx DESC, id DESC LIMIT 1) AS last
                   WHERE client_id = $1)
               SELECT count(*) AS "count!" FROM taken"#,
            client,
            i64::from(CLOSED_AT_ONCE_MAX),
        )
        .fetch_one(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM ledger_closings WHERE client_id = $1 AND amount = 0", client)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(u32::try_from(closed).unwrap_or(CLOSED_AT_ONCE_MAX))
    };
    database.run(close).await
}
