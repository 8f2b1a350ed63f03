//! The ledger: one row a decided command, the truth about what was done.

use super::{StoreError, changes, trust};
use crate::domain::world::Changes;
use crate::domain::{Answer, ClientId, Fingerprint, IdempotencyKey, Instant, JobId, Operation};
use sqlx::{PgConnection, PgPool};
use std::collections::HashMap;
use uuid::Uuid;

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The job.
    pub job: JobId,
    /// Whose job it was.
    pub client: ClientId,
    /// The key it was submitted with.
    pub key: IdempotencyKey,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The kind of command.
    pub operation: Operation,
    /// What was made or changed; `None` for a refusal.
    pub entity: Option<i64>,
    /// The answer, for good.
    pub answer: Answer,
    /// In which attempt it was decided.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// When it was decided.
    pub finished_at: Instant,
}

/// The rows of those jobs, as far as they have been decided.
pub async fn find(
    tx: &mut PgConnection,
    jobs: &[Uuid],
) -> Result<HashMap<JobId, Entry>, StoreError> {
    if jobs.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status, body,
                attempts, submitted_at, finished_at
         FROM transactions WHERE job_id = ANY($1)",
        jobs,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| Entry::try_from(row).map(|entry| (entry.job, entry))).collect()
}

/// The row of that job of that client, if it has been decided.
pub async fn find_job(
    pool: &PgPool,
    client: ClientId,
    job: JobId,
) -> Result<Option<Entry>, StoreError> {
    let look = || async {
        let row = sqlx::query_as!(
            Row,
            "SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status,
                    body, attempts, submitted_at, finished_at
             FROM transactions WHERE job_id = $1 AND client_id = $2",
            job.0,
            client.0,
        )
        .fetch_optional(pool)
        .await?;
        row.map(Entry::try_from).transpose()
    };
    trust::read(look).await
}

/// Adds rows of their own, which belong to no command: those of a sweep.
pub async fn append(tx: &mut PgConnection, entries: &[Entry]) -> Result<(), StoreError> {
    changes::write(tx, &Changes::default(), entries).await
}

/// Forgets what was decided: a deliberate defect, for [`SeededBug::SkipLedger`] alone.
///
/// [`SeededBug::SkipLedger`]: crate::seeded_bug::SeededBug::SkipLedger
pub async fn forget(pool: &PgPool, jobs: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM transactions WHERE job_id = ANY($1)").bind(jobs).execute(pool).await?;
    Ok(())
}

struct Row {
    job_id: Uuid,
    client_id: i64,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    operation: String,
    entity_id: Option<i64>,
    status: i16,
    body: String,
    attempts: i32,
    submitted_at: Instant,
    finished_at: Instant,
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = row.entity_id.unwrap_or_default();
        let unknown = |column| StoreError::Inconsistent { table: "transactions", column, id };
        Ok(Self {
            job: JobId(row.job_id),
            client: ClientId(row.client_id),
            key: IdempotencyKey::parse(row.idempotency_key.as_bytes())
                .map_err(|_| unknown("idempotency_key"))?,
            fingerprint: Fingerprint::from_bytes(&row.fingerprint)
                .ok_or_else(|| unknown("fingerprint"))?,
            operation: Operation::parse(&row.operation).ok_or_else(|| unknown("operation"))?,
            entity: row.entity_id,
            answer: Answer {
                status: u16::try_from(row.status).map_err(|_| unknown("status"))?,
                body: row.body,
            },
            attempts: u32::try_from(row.attempts).map_err(|_| unknown("attempts"))?,
            submitted_at: row.submitted_at,
            finished_at: row.finished_at,
        })
    }
}
