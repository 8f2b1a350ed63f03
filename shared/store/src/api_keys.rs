//! Clients and their API keys. Only hashes are stored. A key itself is shown once and never stored.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::{ClientId, Instant};
use sqlx::PgConnection;
use std::time::Duration;
use tokio::time::timeout;

/// The longest time in which uses are noted. Nobody waits for it, but it holds a connection.
const NOTE_TIMEOUT: Duration = Duration::from_secs(2);

/// A stored key, to check a presented one against.
#[derive(Debug, Clone)]
pub struct StoredApiKey {
    /// The client that owns the key.
    pub client: ClientId,
    /// SHA-256 of the whole key.
    pub secret_hash: Vec<u8>,
    /// The scope: `read`, `write` or `admin`.
    pub scope: String,
}

/// A key in a list for an operator.
#[derive(Debug, Clone)]
pub struct ListedApiKey {
    /// The public part of the key.
    pub id: String,
    /// The name of its client.
    pub client: String,
    /// The scope: `read`, `write` or `admin`.
    pub scope: String,
    /// The instant at which it was made.
    pub created_at: Instant,
    /// The instant from which it is refused, if it expires.
    pub expires_at: Option<Instant>,
    /// The instant at which it was revoked, if it was.
    pub revoked_at: Option<Instant>,
    /// The instant of its last use, exact to a minute.
    pub last_used_at: Option<Instant>,
}

/// A key to be stored.
#[derive(Debug)]
pub struct NewApiKey<'a> {
    /// The public part of the key.
    pub id: &'a str,
    /// The name of its client, which is made if it does not exist.
    pub client: &'a str,
    /// SHA-256 of the whole key.
    pub secret_hash: &'a [u8],
    /// The scope: `read`, `write` or `admin`.
    pub scope: &'a str,
    /// The instant from which it is refused, if it expires.
    pub expires_at: Option<Instant>,
}

/// Stores a key, and its client if it does not exist.
pub async fn create(database: &Database, key: NewApiKey<'_>) -> Result<(), StoreError> {
    let insert = |mut connection: Lent| async move {
        sqlx::query!(
            "WITH client AS (
                 INSERT INTO clients (name) VALUES ($1)
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
             )
             INSERT INTO api_keys (id, client_id, secret_hash, scope, expires_at)
             SELECT $2, client.id, $3, $4, $5 FROM client",
            key.client,
            key.id,
            key.secret_hash,
            key.scope,
            key.expires_at,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.run(insert).await
}

/// The key of that id, unless it is unknown, expired or revoked. It writes nothing, so that a
/// Postgres that only reads lets clients in.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find_valid(database: &Database, id: &str) -> Result<Option<StoredApiKey>, StoreError> {
    let look = |mut connection: Lent| async move { look_up(&mut connection, id).await };
    database.read(look).await
}

async fn look_up(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<StoredApiKey>, StoreError> {
    let row = sqlx::query!(
        "SELECT client_id, secret_hash, scope FROM api_keys
         WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
        id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|row| StoredApiKey {
        client: ClientId::new(row.client_id),
        secret_hash: row.secret_hash,
        scope: row.scope,
    }))
}

/// Notes that the keys of those ids were used now, each at most once a minute.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn note_uses(database: &Database, ids: &[String]) -> Result<(), StoreError> {
    let note = |mut connection: Lent| async move {
        sqlx::query!(
            "UPDATE api_keys SET last_used_at = now()
             WHERE id = ANY ($1)
               AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
            ids,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    match timeout(NOTE_TIMEOUT, database.run(note)).await {
        Ok(noted) => noted,
        Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
    }
}

/// The keys in the order of client and age, at most a thousand.
pub async fn list(database: &Database) -> Result<Vec<ListedApiKey>, StoreError> {
    let look = |mut connection: Lent| async move {
        let keys = sqlx::query_as!(
            ListedApiKey,
            "SELECT k.id, c.name AS client, k.scope, k.created_at, k.expires_at, k.revoked_at,
                    k.last_used_at
             FROM api_keys k JOIN clients c ON c.id = k.client_id
             ORDER BY c.name, k.created_at LIMIT 1000",
        )
        .fetch_all(&mut *connection)
        .await?;
        Ok(keys)
    };
    database.run(look).await
}

/// Revokes a key for good. `false` if there is no such key, or if it was revoked before.
pub async fn revoke(database: &Database, id: &str) -> Result<bool, StoreError> {
    let update = |mut connection: Lent| async move {
        let done = sqlx::query!(
            "UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL",
            id
        )
        .execute(&mut *connection)
        .await?;
        Ok(done.rows_affected() == 1)
    };
    database.run(update).await
}
