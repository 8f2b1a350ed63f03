//! The table `accepted_jobs`. Postgres notes when a row was written, and the mark of a job that has
//! ended is set by itself.

use super::{bytes, hex_text, inconsistent};
use crate::StoreError;
use domain::{AcceptedJob, ClientId, Fingerprint, Instant, JobId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct AcceptedJobRow<'a> {
    client_id: i64,
    job_id: Uuid,
    /// As Postgres writes bytes: `\x` and two hexadecimal digits for each.
    fingerprint: Cow<'a, str>,
    submitted_at: Instant,
    payload: Cow<'a, str>,
    /// Read, and not written from here.
    ended_at: Option<Instant>,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_accepted_jobs {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "client_id, job_id, fingerprint, submitted_at, payload, ended_at"
                     + $after, $($argument),+)
    };
}
pub(crate) use query_accepted_jobs;

/// A checked statement that writes those jobs that are not decided. A job that stands there stays
/// as it is, unless it has ended: then its key is used anew. They are written in the order of their
/// ids, so that two such statements do not deadlock.
macro_rules! write_accepted_jobs {
    ($argument:expr) => {
        sqlx::query_scalar!(
            "INSERT INTO accepted_jobs (client_id, job_id, fingerprint, submitted_at, payload)
             SELECT client_id, job_id, fingerprint, submitted_at, payload
             FROM json_populate_recordset(NULL::accepted_jobs, $1::text::json) AS written
             WHERE (SELECT true FROM transactions
                    WHERE transactions.client_id = written.client_id
                      AND transactions.job_id = written.job_id LIMIT 1) IS NULL
             ORDER BY job_id
             ON CONFLICT (client_id, job_id) DO UPDATE SET
                 fingerprint = excluded.fingerprint, submitted_at = excluded.submitted_at,
                 payload = excluded.payload, accepted_at = excluded.accepted_at, ended_at = NULL
             WHERE accepted_jobs.ended_at IS NOT NULL
             RETURNING job_id",
            $argument
        )
    };
}
pub(crate) use write_accepted_jobs;

impl<'a> From<&'a AcceptedJob> for AcceptedJobRow<'a> {
    fn from(job: &'a AcceptedJob) -> Self {
        Self {
            client_id: job.client.get(),
            job_id: job.job.get(),
            fingerprint: hex_text(job.fingerprint.as_bytes()).into(),
            submitted_at: job.submitted_at,
            payload: job.payload.as_str().into(),
            ended_at: job.ended_at,
        }
    }
}

impl TryFrom<AcceptedJobRow<'_>> for AcceptedJob {
    type Error = StoreError;

    fn try_from(row: AcceptedJobRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("accepted_jobs", column, row.job_id);
        Ok(Self {
            client: ClientId::new(row.client_id),
            job: JobId::new(row.job_id),
            fingerprint: bytes(&row.fingerprint)
                .and_then(|bytes| Fingerprint::from_bytes(&bytes))
                .ok_or_else(|| unknown("fingerprint"))?,
            submitted_at: row.submitted_at,
            payload: row.payload.into_owned(),
            ended_at: row.ended_at,
        })
    }
}
