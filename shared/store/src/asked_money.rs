//! What matters of payments and refunds to who asks providers, and hears them. It decides nothing:
//! a settlement does, which looks again under the locks.

use crate::connections::Lent;
use crate::tables::{RefundRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, PaymentId, Refund, RefundId};

/// Whether what was bought still waits for that payment, by the time of its client: the payment has
/// not ended, and its time is not over.
#[tracing::instrument(level = "debug", skip(database))]
pub async fn is_waited_for(
    database: &Database,
    (client, payment): (ClientId, PaymentId),
) -> Result<bool, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = sqlx::query_scalar!(
            r#"SELECT coalesce(
                   payments.settled_at IS NULL
                   AND moment.now < payments.expires_at
                   AND CASE WHEN payments.gift_id IS NULL
                       THEN subscriptions.payment_id = payments.id
                            AND moment.now < subscriptions.payment_until
                       ELSE gifts.payment_id = payments.id AND gifts.status = 'incomplete' END,
                   false) AS "is_waited_for!"
               FROM payments
                   LEFT JOIN subscriptions ON subscriptions.client_id = payments.client_id
                       AND subscriptions.id = payments.subscription_id
                   LEFT JOIN gifts ON gifts.client_id = payments.client_id
                       AND gifts.id = payments.gift_id
                   LEFT JOIN test_clocks ON test_clocks.client_id = payments.client_id,
                   LATERAL (SELECT coalesce(test_clocks.now, clock_timestamp()) AS now) AS moment
               WHERE payments.client_id = $1 AND payments.id = $2"#,
            client.get(),
            payment.get(),
        );
        Ok(found.fetch_optional(&mut *connection).await?.unwrap_or(false))
    };
    database.read(look).await
}

/// A refund of that client.
#[tracing::instrument(level = "debug", skip(database))]
pub async fn refund(
    database: &Database,
    (client, refund): (ClientId, RefundId),
) -> Result<Option<Refund>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = sqlx::query_scalar!(
            r#"SELECT to_json(found)::text AS "refund!"
               FROM (SELECT id, client_id, payment_id, amount, currency, status, is_of_late_money,
                         cancels, job_id, created_at, settled_at
                     FROM refunds WHERE client_id = $1 AND id = $2) AS found"#,
            client.get(),
            refund.get(),
        );
        let found = found.fetch_optional(&mut *connection).await?;
        found.map(|row| from_json::<RefundRow<'_>>(&row)?.try_into()).transpose()
    };
    database.read(look).await
}
