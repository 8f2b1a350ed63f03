//! What a batch writes of effects: those that it makes, how far the one is in whose course it is
//! made, and the answers that effects have brought. Few batches have any of it.

use crate::StoreError;
use crate::effects::{Claim, LEASE};
use crate::tables::{NewEffectRow, TransactionRow, from_json, to_json, transaction_status};
use domain::{Answered, ClientId, Effect, EffectTask, JobId, LogEntry};
use sqlx::PgConnection;

/// What belongs to effects.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    /// New effects, each with the claim of who performs it at once, if anybody does.
    pub effects: Vec<(&'a Effect, Option<Claim>)>,
    /// Answers of jobs that wait for them.
    pub settlements: Vec<Settlement>,
    /// How far the effect is in whose course the batch is made.
    pub progress: Option<(Claim, Progress<'a>)>,
}

/// How far an effect is.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// It goes on.
    GoesOn(&'a EffectTask),
    /// It is done.
    Done,
}

/// The answer of a job that waits for it.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The client of the job.
    pub client: ClientId,
    /// The job.
    pub job: JobId,
    /// The id of what was made or changed; `None` for a refusal.
    pub entity: Option<i64>,
    /// The answer.
    pub answered: Answered,
}

/// Writes new effects and answers, and returns the entries that were answered.
pub(crate) async fn write(
    tx: &mut PgConnection,
    beside: &Beside<'_>,
) -> Result<Vec<LogEntry>, StoreError> {
    if !beside.effects.is_empty() {
        write_new(tx, &beside.effects).await?;
    }
    let mut settled = Vec::new();
    for settlement in &beside.settlements {
        settled.extend(settle(tx, settlement).await?);
    }
    Ok(settled)
}

async fn write_new(
    tx: &mut PgConnection,
    effects: &[(&Effect, Option<Claim>)],
) -> Result<(), StoreError> {
    let rows: Vec<NewEffectRow<'_>> = effects
        .iter()
        .map(|(effect, claim)| NewEffectRow::new(effect, claim.map(|claim| claim.holder)))
        .collect();
    sqlx::query!(
        "INSERT INTO effects (client_id, id, kind, job_id, payload, holder, lease_until, attempts)
         SELECT client_id, id, kind, job_id, payload, holder,
                CASE WHEN holder IS NOT NULL
                     THEN clock_timestamp() + make_interval(secs => $2) END,
                CASE WHEN holder IS NULL THEN 0 ELSE 1 END
         FROM json_populate_recordset(NULL::effects, $1::text::json)",
        to_json(&rows)?,
        LEASE.as_secs_f64(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Answers an entry of the command log that has no answer yet, and returns it whole. `None` if it
/// has its answer.
async fn settle(
    tx: &mut PgConnection,
    settlement: &Settlement,
) -> Result<Option<LogEntry>, StoreError> {
    let Settlement { client, job, entity, answered } = settlement;
    let entry = sqlx::query_scalar!(
        r#"WITH settled AS (
               UPDATE transactions SET status = $3, body = $4, finished_at = $5, entity_id = $6
               WHERE client_id = $1 AND job_id = $2 AND status IS NULL
               RETURNING job_id, client_id, origin, idempotency_key, fingerprint, operation,
                         input, user_id, entity_id, status, body, attempts, submitted_at,
                         decided_at, finished_at)
           SELECT to_json(settled)::text AS "entry!" FROM settled"#,
        client.get(),
        job.get(),
        transaction_status(&answered.answer)?,
        answered.answer.body,
        answered.at,
        *entity,
    )
    .fetch_optional(tx)
    .await?;
    entry.map(|entry| from_json::<TransactionRow<'_>>(&entry)?.try_into()).transpose()
}

/// Writes how far the effect is, if there is one, and renews the lease; fails if the claim is lost.
pub(crate) async fn write_progress(
    tx: &mut PgConnection,
    beside: &Beside<'_>,
) -> Result<(), StoreError> {
    let Some((Claim { client, id, holder }, progress)) = beside.progress else { return Ok(()) };
    let written = match progress {
        Progress::GoesOn(task) => {
            sqlx::query!(
                "UPDATE effects SET payload = $4::text::json -> 'payload', attempts = 1,
                     lease_until = clock_timestamp() + make_interval(secs => $5)
                 WHERE client_id = $1 AND id = $2 AND holder = $3",
                client.get(),
                id.get(),
                holder,
                to_json(task)?,
                LEASE.as_secs_f64(),
            )
            .execute(tx)
            .await?
        }
        Progress::Done => {
            sqlx::query!(
                "DELETE FROM effects WHERE client_id = $1 AND id = $2 AND holder = $3",
                client.get(),
                id.get(),
                holder,
            )
            .execute(tx)
            .await?
        }
    };
    if written.rows_affected() == 1 { Ok(()) } else { Err(StoreError::ClaimLost) }
}
