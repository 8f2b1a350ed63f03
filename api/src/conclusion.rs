//! How a job ended, whoever told: an announcement, a record, or the ledger by way of either.

use crate::respond;
use crate::submit;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::domain::job::JobStatus;
use shared::domain::{Answer, Fingerprint};
use shared::queue::announcement::{Origin, Outcome};
use shared::queue::job::QueuedJob;
use shared::queue::record::Record;
use shared::store::ledger::Entry;

/// A job that was given up: time for whatever was wrong to be put right, in seconds.
const RETRY_AFTER_GIVING_UP: u64 = 60;

/// How a job ended.
pub struct Conclusion {
    /// What the answer is an answer to.
    fingerprint: Fingerprint,
    /// Whether it was decided for an earlier request than this one.
    replayed: bool,
    gave_up: bool,
    answer: Answer,
}

impl Conclusion {
    /// As it was announced.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome) -> Self {
        Self {
            fingerprint: outcome.fingerprint,
            replayed: outcome.origin == Origin::Ledger,
            gave_up: outcome.origin == Origin::GaveUp,
            answer: outcome.answer.clone(),
        }
    }

    /// As Redis remembers it; `None` while the job goes on. A record of another admission than that
    /// of `job` is a replay.
    #[must_use]
    pub fn of_record(record: &Record, job: &QueuedJob) -> Option<Self> {
        let gave_up = record.status == JobStatus::Dead;
        let ended = gave_up || record.status.is_finished();
        let answer = record.answer.clone().filter(|_| ended)?;
        let replayed = record.submitted_at != job.submitted_at;
        Some(Self { fingerprint: record.fingerprint, replayed, gave_up, answer })
    }

    /// As the ledger has it: a replay.
    #[must_use]
    pub fn of_entry(entry: Entry) -> Self {
        let Entry { fingerprint, answer, .. } = entry;
        Self { fingerprint, replayed: true, gave_up: false, answer }
    }

    /// A replay, too, for a request that joined a job which another one began.
    #[must_use]
    pub fn joined(self, joined: bool) -> Self {
        Self { replayed: self.replayed || joined, ..self }
    }

    /// The response to the request that submitted `job`. When Redis had forgotten the key, the
    /// ledger may have had an answer to another request.
    #[must_use]
    pub fn into_response(self, job: &QueuedJob) -> Response {
        if self.fingerprint != job.fingerprint {
            return submit::reused(job.id()).into_response();
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
