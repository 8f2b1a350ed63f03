//! The ledger: one row a decided command, the truth about what was done.

use super::StoreError;
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
    let row = sqlx::query_as!(
        Row,
        "SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status, body,
                attempts, submitted_at, finished_at
         FROM transactions WHERE job_id = $1 AND client_id = $2",
        job.0,
        client.0,
    )
    .fetch_optional(pool)
    .await?;
    row.map(Entry::try_from).transpose()
}

/// Adds rows, in the order in which they were decided. A job that has one already fails the whole
/// transaction: nothing is done twice. So may, as a conflict, two workers with the same jobs in
/// other orders.
pub async fn append(tx: &mut PgConnection, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let jobs: Vec<Uuid> = entries.iter().map(|e| e.job.0).collect();
    let clients: Vec<i64> = entries.iter().map(|e| e.client.0).collect();
    let keys: Vec<&str> = entries.iter().map(|e| e.key.as_str()).collect();
    let fingerprints: Vec<&[u8]> = entries.iter().map(|e| &e.fingerprint.as_bytes()[..]).collect();
    let operations: Vec<&str> = entries.iter().map(|e| e.operation.as_str()).collect();
    let entities: Vec<Option<i64>> = entries.iter().map(|e| e.entity).collect();
    let statuses: Vec<i16> =
        entries.iter().map(|e| i16::try_from(e.answer.status).unwrap_or(i16::MAX)).collect();
    let bodies: Vec<&str> = entries.iter().map(|e| e.answer.body.as_str()).collect();
    let attempts: Vec<i32> =
        entries.iter().map(|e| i32::try_from(e.attempts).unwrap_or(i32::MAX)).collect();
    let submitted: Vec<Instant> = entries.iter().map(|e| e.submitted_at).collect();
    let finished: Vec<Instant> = entries.iter().map(|e| e.finished_at).collect();
    sqlx::query!(
        "INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation,
                                   entity_id, status, body, attempts, submitted_at, finished_at)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::text[],
                              $6::bigint[], $7::smallint[], $8::text[], $9::integer[],
                              $10::timestamptz[], $11::timestamptz[])",
        &jobs,
        &clients,
        &keys as &[&str],
        &fingerprints as &[&[u8]],
        &operations as &[&str],
        &entities as &[Option<i64>],
        &statuses,
        &bodies as &[&str],
        &attempts,
        &submitted,
        &finished,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets what was decided: a deliberate defect, for [`SeededBug::SkipLedger`] alone.
///
/// [`SeededBug::SkipLedger`]: crate::seeded_bug::SeededBug::SkipLedger
pub async fn forget(tx: &mut PgConnection, jobs: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM transactions WHERE job_id = ANY($1)").bind(jobs).execute(tx).await?;
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
