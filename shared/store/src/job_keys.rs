//! The keys that jobs are signed with.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::{Instant, JobKey, JobKeys};
use sqlx::PgConnection;

/// The keys, as they are at an instant.
#[derive(Debug, Clone)]
pub struct StoredJobKeys {
    /// The keys.
    pub keys: JobKeys,
    /// The instant, by the clock of Postgres.
    pub now: Instant,
}

/// Reads the keys.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn read(database: &Database) -> Result<StoredJobKeys, StoreError> {
    let look = |mut connection: Lent| async move { look(&mut connection).await };
    database.read(look).await
}

async fn look(connection: &mut PgConnection) -> Result<StoredJobKeys, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT kid, secret, created_at, compromised_at IS NOT NULL AS "is_compromised!",
                  clock_timestamp() AS "now!"
           FROM job_keys"#,
    )
    .fetch_all(connection)
    .await?;
    let now = rows.first().map(|row| row.now);
    let keys = rows
        .into_iter()
        .map(|row| JobKey::new(row.kid, &row.secret, row.created_at, row.is_compromised));
    let keys = keys.collect::<Option<_>>().and_then(JobKeys::new);
    match (keys, now) {
        (Some(keys), Some(now)) => Ok(StoredJobKeys { keys, now }),
        _ => Err(StoreError::NoJobKey),
    }
}

/// Adds a key, which signs when every process has read it, and returns its name. If the keys before
/// it are `compromised`, nothing that they have signed is trusted any more, and the new one signs
/// at once.
pub async fn rotate(database: &Database, compromised: bool) -> Result<String, StoreError> {
    let insert = |mut connection: Lent| async move {
        let kid = sqlx::query_scalar!(
            "WITH older AS (
                 UPDATE job_keys SET compromised_at = now() WHERE $1 AND compromised_at IS NULL
             )
             INSERT INTO job_keys (kid) VALUES (DEFAULT) RETURNING kid",
            compromised,
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(kid)
    };
    database.run(insert).await.map_err(|error| match error {
        error if error.is_missing_right() => StoreError::Setup(
            "the role of DATABASE_URL may not add keys of jobs: run `worker secrets rotate` with \
             the role that owns the tables"
                .to_owned(),
        ),
        error => error,
    })
}
