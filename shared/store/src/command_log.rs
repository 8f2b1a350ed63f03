//! The command log, table `transactions`. It has one row for each decided command, and it is the
//! only proof of what was done.

use crate::{Database, StoreError, changes};
use domain::{
    Answer, Changes, ClientId, Fingerprint, IdempotencyKey, Instant, JobId, LogEntry, Operation,
    Origin,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// The entries for `jobs`, as far as they have been decided.
pub(crate) async fn find(
    tx: &mut PgConnection,
    jobs: &[JobId],
) -> Result<HashMap<JobId, LogEntry>, StoreError> {
    if jobs.is_empty() {
        return Ok(HashMap::new());
    }
    let jobs: Vec<Uuid> = jobs.iter().map(|job| job.get()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status, body,
                attempts, submitted_at, finished_at
         FROM transactions WHERE job_id = ANY($1)",
        &jobs,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| LogEntry::try_from(row).map(|entry| (entry.job, entry))).collect()
}

/// The entry of that job of that client, if it has been decided.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find_job(
    database: &Database,
    client: ClientId,
    job: JobId,
) -> Result<Option<LogEntry>, StoreError> {
    let look = || async {
        let row = sqlx::query_as!(
            Row,
            "SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status,
                    body, attempts, submitted_at, finished_at
             FROM transactions WHERE job_id = $1 AND client_id = $2",
            job.get(),
            client.get(),
        )
        .fetch_optional(database.pool())
        .await?;
        row.map(LogEntry::try_from).transpose()
    };
    database.read(look).await
}

/// Adds the entries of a sweep. They belong to no command of a client.
pub(crate) async fn append(tx: &mut PgConnection, entries: &[LogEntry]) -> Result<(), StoreError> {
    changes::write(tx, &Changes::default(), entries).await
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

impl TryFrom<Row> for LogEntry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unknown = |column| {
            let row = row.job_id.to_string();
            StoreError::Inconsistent { table: "transactions", column, row }
        };
        Ok(Self {
            job: JobId::new(row.job_id),
            client: ClientId::new(row.client_id),
            origin: Origin::Client,
            input: None,
            user: None,
            decided_at: row.finished_at,
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
