//! The command log, table `transactions`. It has one row for each decided command, and it is the
//! only proof of what was done.

use crate::connections::Lent;
use crate::tables::{TransactionRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, JobId, LogEntry};

/// The entry of that job of that client, if it has been decided. Internal commands on rows of the
/// client are among its jobs.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find_job(
    database: &Database,
    client: ClientId,
    job: JobId,
) -> Result<Option<LogEntry>, StoreError> {
    let look = |mut connection: Lent| async move {
        let entry = sqlx::query_scalar!(
            r#"SELECT to_json(entry)::text AS "entry!"
               FROM (SELECT job_id, client_id, origin, idempotency_key, fingerprint, operation,
                            input, user_id, entity_id, status, body, attempts, submitted_at,
                            decided_at, finished_at
                     FROM transactions WHERE client_id = $1 AND job_id = $2) AS entry"#,
            client.get(),
            job.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        let entry = entry.map(|entry| from_json::<TransactionRow<'_>>(&entry)?.try_into());
        entry.transpose()
    };
    database.read(look).await
}
