//! What providers have told us, table `provider_inbox`: it is stored before it is acknowledged, and
//! settled afterwards. Its times are real.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::Provider;
use std::time::Duration;

/// The real time for which an event that was taken is left to who has taken it.
pub const LEASE: Duration = Duration::from_secs(30);

/// Something that a provider has told us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider, in its spelling.
    pub provider: String,
    /// The provider's id of it.
    pub event_id: String,
    /// What it says.
    pub payload: String,
    /// How often it was taken, this time included.
    pub attempts: i32,
}

/// Stores an event. `false` if it was told before.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn put(
    database: &Database,
    provider: Provider,
    event_id: &str,
    payload: &str,
) -> Result<bool, StoreError> {
    let put = |mut connection: Lent| async move {
        let put = sqlx::query!(
            "INSERT INTO provider_inbox (provider, event_id, payload) VALUES ($1, $2, $3)
             ON CONFLICT (provider, event_id) DO NOTHING",
            provider.as_str(),
            event_id,
            payload,
        )
        .execute(&mut *connection)
        .await?;
        Ok(put.rows_affected() == 1)
    };
    database.read(put).await
}

/// Takes at most `limit` events that are not settled and that nobody has, the oldest first. They
/// come again after [`LEASE`] if they are not settled by then. It waits for nobody.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn take(database: &Database, limit: u32) -> Result<Vec<ProviderEvent>, StoreError> {
    let take = |mut connection: Lent| async move {
        let taken = sqlx::query_as!(
            ProviderEvent,
            r#"UPDATE provider_inbox SET attempts = attempts + 1,
                   wait_until = clock_timestamp() + make_interval(secs => $1)
               WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM provider_inbox
                   WHERE payload IS NOT NULL
                     AND coalesce(wait_until, '-infinity') <= clock_timestamp()
                   ORDER BY received_at LIMIT $2
                   FOR NO KEY UPDATE SKIP LOCKED))
               RETURNING provider, event_id, payload AS "payload!", attempts"#,
            LEASE.as_secs_f64(),
            i64::from(limit),
        )
        .fetch_all(&mut *connection)
        .await?;
        Ok(taken)
    };
    database.run(take).await
}

/// Marks an event as settled. Its id is kept, and what it says is not.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn settle(database: &Database, event: &ProviderEvent) -> Result<(), StoreError> {
    let settle = |mut connection: Lent| async move {
        sqlx::query!(
            "UPDATE provider_inbox SET payload = NULL, wait_until = NULL
             WHERE provider = $1 AND event_id = $2",
            event.provider,
            event.event_id,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(settle).await
}

/// Puts an event off that could not be settled.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn put_off(
    database: &Database,
    event: &ProviderEvent,
    delay: Duration,
) -> Result<(), StoreError> {
    let put_off = |mut connection: Lent| async move {
        sqlx::query!(
            "UPDATE provider_inbox SET wait_until = clock_timestamp() + make_interval(secs => $3)
             WHERE provider = $1 AND event_id = $2 AND payload IS NOT NULL",
            event.provider,
            event.event_id,
            delay.as_secs_f64(),
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(put_off).await
}

/// Deletes at most `limit` events that were settled and are older than that, and returns how many
/// those were. A provider that told one of them again would be heard again.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn forget(database: &Database, age: Duration, limit: u32) -> Result<u64, StoreError> {
    let forget = |mut connection: Lent| async move {
        let deleted = sqlx::query!(
            "DELETE FROM provider_inbox
             WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM provider_inbox
                 WHERE payload IS NULL
                   AND received_at < clock_timestamp() - make_interval(secs => $1)
                 ORDER BY received_at LIMIT $2
                 FOR UPDATE SKIP LOCKED))",
            age.as_secs_f64(),
            i64::from(limit),
        )
        .execute(&mut *connection)
        .await?;
        Ok(deleted.rows_affected())
    };
    database.run(forget).await
}

/// The number of events that are not settled.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn count_open(database: &Database) -> Result<i64, StoreError> {
    let count = |mut connection: Lent| async move {
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM provider_inbox WHERE payload IS NOT NULL"#
        );
        Ok(count.fetch_one(&mut *connection).await?)
    };
    database.read(count).await
}
