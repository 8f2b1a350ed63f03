//! A job as clients see it. All members are always there, so that the shape is stable.

use serde::Serialize;
use serde_json::value::RawValue;
use shared::domain::job::JobStatus;
use shared::domain::view::timestamp;
use shared::domain::{Answer, JobId};
use shared::queue::job::QueuedJob;
use shared::queue::record::Record;
use shared::store::ledger::Entry;

/// A job.
#[derive(Debug, Serialize)]
pub struct JobView {
    id: JobId,
    operation: &'static str,
    status: &'static str,
    attempts: u32,
    submitted_at: String,
    finished_at: Option<String>,
    /// The body that the submission was answered with, when it succeeded.
    result: Option<Box<RawValue>>,
    /// The problem it was answered with, when it was refused or given up.
    error: Option<Box<RawValue>>,
    #[serde(skip)]
    is_final: bool,
}

impl JobView {
    /// A job that was admitted just now.
    #[must_use]
    pub fn queued(id: JobId, job: &QueuedJob) -> Self {
        Self {
            id,
            operation: job.command.operation().as_str(),
            status: JobStatus::Queued.as_str(),
            attempts: 0,
            submitted_at: timestamp(job.submitted_at),
            finished_at: None,
            result: None,
            error: None,
            is_final: false,
        }
    }

    /// A job as Redis remembers it.
    #[must_use]
    pub fn from_record(id: JobId, record: &Record) -> Self {
        let (result, error) = record.answer.as_ref().map_or((None, None), split);
        Self {
            id,
            operation: record.operation.as_str(),
            status: record.status.as_str(),
            attempts: record.attempts,
            submitted_at: timestamp(record.submitted_at),
            finished_at: record.finished_at.map(timestamp),
            result,
            error,
            is_final: record.status.is_finished() || record.status == JobStatus::Dead,
        }
    }

    /// A job as the ledger remembers it.
    #[must_use]
    pub fn from_entry(entry: &Entry) -> Self {
        let (result, error) = split(&entry.answer);
        Self {
            id: entry.job,
            operation: entry.operation.as_str(),
            status: JobStatus::finished(entry.answer.is_success()).as_str(),
            attempts: entry.attempts,
            submitted_at: timestamp(entry.submitted_at),
            finished_at: Some(timestamp(entry.finished_at)),
            result,
            error,
            is_final: true,
        }
    }

    /// The id of the job.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Whether there is nothing to wait for.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.is_final
    }
}

fn split(answer: &Answer) -> (Option<Box<RawValue>>, Option<Box<RawValue>>) {
    let body = RawValue::from_string(answer.body.clone()).ok();
    if answer.is_success() { (body, None) } else { (None, body) }
}
