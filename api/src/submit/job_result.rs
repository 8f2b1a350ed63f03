//! The result of a job, from an announcement, a record, or the command log.

use crate::api_error::ApiError;
use crate::respond;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{Answer, Fingerprint, JobStatus, LogEntry};
use queue::{Outcome, Provenance, QueuedJob, Record};

/// The time after which a client should try again when its job was given up, in seconds.
const RETRY_AFTER_GIVING_UP: u64 = 60;

/// The result of a job.
pub(crate) struct JobResult {
    /// The fingerprint of the request that the answer belongs to.
    fingerprint: Fingerprint,
    /// Whether the answer was decided for an earlier request than this one.
    replayed: bool,
    gave_up: bool,
    answer: Answer,
}

impl JobResult {
    /// The result in an announced outcome.
    pub(crate) fn of_outcome(outcome: &Outcome) -> Self {
        Self {
            fingerprint: outcome.fingerprint,
            replayed: outcome.provenance == Provenance::CommandLog,
            gave_up: outcome.provenance == Provenance::GaveUp,
            answer: outcome.answer.clone(),
        }
    }

    /// The result in a record of Redis; `None` while the job goes on. It is a replay if the record
    /// is of another admission than that of `job`.
    pub(crate) fn of_record(record: &Record, job: &QueuedJob) -> Option<Self> {
        let answer = record.answer.clone().filter(|_| record.status.has_ended())?;
        let replayed = record.submitted_at != job.submitted_at;
        let gave_up = record.status == JobStatus::Dead;
        Some(Self { fingerprint: record.fingerprint, replayed, gave_up, answer })
    }

    /// The result in an entry of the command log; `None` while an effect has to bring it. It is a
    /// replay if the entry is of another admission than that of `job`.
    pub(crate) fn of_entry(entry: LogEntry, job: &QueuedJob) -> Option<Self> {
        let LogEntry { fingerprint, answered, submitted_at, .. } = entry;
        let (replayed, answer) = (submitted_at != job.submitted_at, answered?.answer);
        Some(Self { fingerprint, replayed, gave_up: false, answer })
    }

    /// Marks the result as a replay if the request joined a job that another request began.
    pub(crate) fn joined(self, joined: bool) -> Self {
        Self { replayed: self.replayed || joined, ..self }
    }

    /// The response to the request that submitted `job`. The fingerprints are compared because the
    /// command log may hold the answer to another request: when Redis has lost a key, a request is
    /// admitted before the command log is read.
    pub(crate) fn into_response(self, job: &QueuedJob) -> Response {
        if self.fingerprint != job.fingerprint {
            return ApiError::key_reused(job.id()).into_response();
        }
        let mut response = respond::answer(&self.answer);
        if self.gave_up {
            let after = HeaderValue::from(RETRY_AFTER_GIVING_UP);
            response.headers_mut().insert(header::RETRY_AFTER, after);
            return response;
        }
        respond::mark_replayed(response, self.replayed)
    }
}
