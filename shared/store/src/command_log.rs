//! The command log, table `transactions`. It has one row for each decided command, and it is the
//! only proof of what was done.

use crate::connections::Lent;
use crate::tables::{TransactionRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, JobId, LogEntry};
use std::collections::HashMap;
use uuid::Uuid;

/// The entry of that job of that client, if it has been decided. Internal commands on rows of the
/// client are among its jobs.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find_job(
    database: &Database,
    client: ClientId,
    job: JobId,
) -> Result<Option<LogEntry>, StoreError> {
    Ok(find_jobs(database, &[(client, job)]).await?.remove(&job))
}

/// The entries of those jobs of those clients that have been decided.
#[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
pub async fn find_jobs(
    database: &Database,
    jobs: &[(ClientId, JobId)],
) -> Result<HashMap<JobId, LogEntry>, StoreError> {
    let (clients, ids): (Vec<i64>, Vec<Uuid>) =
        jobs.iter().map(|(client, job)| (client.get(), job.get())).unzip();
    let (clients, ids) = (&clients, &ids);
    let look = |mut connection: Lent| async move {
        let entries = sqlx::query_scalar!(
            r#"SELECT (SELECT to_json(entry)::text
                       FROM (SELECT job_id, client_id, origin, idempotency_key, fingerprint,
                                    operation, input, user_id, entity_id, status, body, attempts,
                                    submitted_at, decided_at, finished_at
                             FROM transactions
                             WHERE transactions.client_id = named.client_id
                               AND transactions.job_id = named.job_id LIMIT 1) AS entry) AS entry
               FROM unnest($1::bigint[], $2::uuid[]) AS named (client_id, job_id)"#,
            clients,
            ids,
        )
        .fetch_all(&mut *connection)
        .await?;
        let read = |entry: String| {
            let entry: LogEntry = from_json::<TransactionRow<'_>>(&entry)?.try_into()?;
            Ok((entry.job, entry))
        };
        entries.into_iter().flatten().map(read).collect()
    };
    database.read(look).await
}
