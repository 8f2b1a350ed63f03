//! API keys. Only hashes are stored. A key itself is shown once and never stored.

use crate::connections::Lent;
use crate::tables;
use crate::{Database, StoreError};
use domain::{ClientId, Instant, RateLimit};
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
    /// The client's own rate limit, if it has one.
    pub rate_limit: Option<RateLimit>,
    /// Whether the client is the operator's.
    pub is_operator: bool,
    /// Whether the client is live; a test client never is.
    pub livemode: bool,
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
    /// The name of its client, which is made if it does not exist; `None` for the operator.
    pub client: Option<&'a str>,
    /// SHA-256 of the whole key.
    pub secret_hash: &'a [u8],
    /// The scope: `read`, `write` or `admin`.
    pub scope: &'a str,
    /// The instant from which it is refused, if it expires.
    pub expires_at: Option<Instant>,
}

/// The client of a key that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOwner {
    /// Its name.
    pub name: String,
    /// Its own rate limit, if it has one.
    pub rate_limit: Option<RateLimit>,
}

/// Stores a key, and its client if it does not exist. `None`, and nothing is stored, if the name is
/// that of the operator: its keys are not made by name, so that no typing error makes one.
pub async fn create(
    database: &Database,
    key: NewApiKey<'_>,
) -> Result<Option<KeyOwner>, StoreError> {
    let insert = |mut connection: Lent| async move {
        let owner = sqlx::query!(
            r#"WITH named AS (
                   INSERT INTO clients (name) SELECT $1::text WHERE $1 IS NOT NULL
                   ON CONFLICT (name) DO UPDATE SET name = excluded.name
                   RETURNING id, name, rate_requests, rate_window_seconds, is_operator
               ), owner AS (
                   SELECT id, name, rate_requests, rate_window_seconds FROM named
                   WHERE NOT is_operator
                   UNION ALL
                   SELECT id, name, rate_requests, rate_window_seconds FROM clients
                   WHERE is_operator AND $1 IS NULL
               ), stored AS (
                   INSERT INTO api_keys (id, client_id, secret_hash, scope, expires_at)
                   SELECT $2, owner.id, $3, $4, $5 FROM owner
               )
               SELECT id AS "id!", name AS "name!", rate_requests, rate_window_seconds FROM owner"#,
            key.client,
            key.id,
            key.secret_hash,
            key.scope,
            key.expires_at,
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(owner) = owner else { return Ok(None) };
        let rate = (owner.rate_requests, owner.rate_window_seconds);
        let rate_limit = tables::rate_limit(owner.id, rate)?;
        Ok(Some(KeyOwner { name: owner.name, rate_limit }))
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
        "SELECT k.client_id, k.secret_hash, k.scope, c.rate_requests, c.rate_window_seconds,
                c.is_operator, c.livemode
         FROM api_keys k JOIN clients c ON c.id = k.client_id
         WHERE k.id = $1 AND k.revoked_at IS NULL
           AND (k.expires_at IS NULL OR k.expires_at > now())",
        id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let rate = (row.rate_requests, row.rate_window_seconds);
    Ok(Some(StoredApiKey {
        client: ClientId::new(row.client_id),
        secret_hash: row.secret_hash,
        scope: row.scope,
        rate_limit: tables::rate_limit(row.client_id, rate)?,
        is_operator: row.is_operator,
        livemode: row.livemode,
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
