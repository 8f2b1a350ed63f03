//! What a batch writes of effects: those that it makes, how far those are in whose course it is
//! made, and the answers that effects have brought. Few batches of commands have any of it.

use crate::StoreError;
use crate::effects::Claim;
use crate::statements::Statement;
use crate::tables::{LateAnswerRow, NewEffectRow, ProgressRow, TransactionRow, from_json};
use domain::{Answered, ClientId, Effect, EffectTask, JobId, LogEntry};
use sqlx::postgres::PgRow;
use sqlx::{Execute, Row, SqlStr};
use std::collections::HashSet;

/// What belongs to effects.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    /// New effects, each with the claim of who performs it at once, if anybody does.
    pub effects: Vec<(&'a Effect, Option<Claim>)>,
    /// Answers of jobs that wait for them.
    pub answers: Vec<LateAnswer>,
    /// How far the effects are in whose course the batch is made.
    pub progress: Vec<(Claim, Progress<'a>)>,
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
pub struct LateAnswer {
    /// The client of the job.
    pub client: ClientId,
    /// The job.
    pub job: JobId,
    /// The id of what was made or changed; `None` for a refusal.
    pub entity: Option<i64>,
    /// The answer.
    pub answered: Answered,
}

/// The column of an entry that was answered.
const ANSWERED: &str = "answered";

impl Beside<'_> {
    /// Writes how far effects are, and renews the leases of those that go on; fails if a claim is
    /// lost. It comes first in a batch, so that who has lost the effect does not wait for who has
    /// it.
    pub(crate) fn write_progress(&self) -> Result<Option<Statement>, StoreError> {
        let rows: Vec<ProgressRow<'_>> = self.progress.iter().map(ProgressRow::from).collect();
        Statement::of_rows("write_progress", write_progress, &rows)
    }

    /// Writes new effects.
    pub(crate) fn write_effects(&self) -> Result<Option<Statement>, StoreError> {
        let rows: Vec<NewEffectRow<'_>> = self.effects.iter().map(NewEffectRow::from).collect();
        Statement::of_rows("write_effects", write_effects, &rows)
    }

    /// Answers entries of the command log that have no answer yet.
    pub(crate) fn write_answers(&self) -> Result<Option<Statement>, StoreError> {
        // A job keeps the answer that it gets first.
        let mut answered = HashSet::new();
        let is_first = |answer: &&LateAnswer| answered.insert((answer.client, answer.job));
        let rows = self.answers.iter().filter(is_first).map(LateAnswerRow::try_from);
        let rows: Vec<LateAnswerRow<'_>> = rows.collect::<Result<_, _>>()?;
        Statement::of_rows("write_answers", write_answers, &rows)
    }
}

/// The entries that were answered, whole, among the rows that came of the statements of a batch.
pub(crate) fn answered(rows: &[PgRow]) -> Result<Vec<LogEntry>, StoreError> {
    let is_answered = |row: &&PgRow| row.try_column(ANSWERED).is_ok();
    let entry = |row: &PgRow| {
        let entry: String = row.try_get(ANSWERED)?;
        from_json::<TransactionRow<'_>>(&entry)?.try_into()
    };
    rows.iter().filter(is_answered).map(entry).collect()
}

fn write_progress() -> SqlStr {
    sqlx::query!("SELECT write_progress($1::text::json)::text", "").sql()
}

fn write_effects() -> SqlStr {
    sqlx::query!(
        "INSERT INTO effects (client_id, id, kind, job_id, payload, holder, lease_until, attempts)
         SELECT client_id, id, kind, job_id, payload, holder,
                clock_timestamp() + make_interval(secs => lease_seconds),
                CASE WHEN holder IS NULL THEN 0 ELSE 1 END
         FROM json_to_recordset($1::text::json)
                  AS new (client_id bigint, id uuid, kind text, job_id uuid, payload json,
                          holder uuid, lease_seconds double precision)",
        "",
    )
    .sql()
}

fn write_answers() -> SqlStr {
    sqlx::query!(
        r#"WITH settled AS (
               UPDATE transactions t
               SET status = s.status, body = s.body, finished_at = s.finished_at,
                   entity_id = s.entity_id
               FROM json_to_recordset($1::text::json)
                    AS s (client_id bigint, job_id uuid, status smallint, body text,
                          finished_at timestamptz, entity_id bigint)
               WHERE t.client_id = s.client_id AND t.job_id = s.job_id AND t.status IS NULL
               RETURNING t.job_id, t.client_id, t.origin, t.idempotency_key, t.fingerprint,
                         t.operation, t.input, t.user_id, t.entity_id, t.status, t.body,
                         t.attempts, t.submitted_at, t.decided_at, t.finished_at)
           SELECT to_json(settled)::text AS answered FROM settled"#,
        "",
    )
    .sql()
}
