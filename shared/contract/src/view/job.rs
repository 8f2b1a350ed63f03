//! Jobs as clients see them. All members are always present, so that the shape is stable.

use super::timestamp;
use crate::Problem;
use domain::{Answer, Answered, Instant, JobId, JobStatus, LogEntry, Operation};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    id: JobId,
    operation: &'static str,
    #[schema(value_type = JobStatus)]
    status: &'static str,
    attempts: u32,
    #[schema(format = DateTime)]
    submitted_at: String,
    #[schema(format = DateTime, required)]
    finished_at: Option<String>,
    /// The body of the answer, if the command was done.
    #[schema(value_type = Option<Object>, required)]
    result: Option<Box<RawValue>>,
    /// The problem of the answer, if the command was refused or given up.
    #[schema(value_type = Option<Problem>, required)]
    error: Option<Box<RawValue>>,
    #[serde(skip)]
    is_final: bool,
}

impl JobView {
    /// A job that has no answer yet.
    #[must_use]
    pub fn new(
        id: JobId,
        operation: Operation,
        status: JobStatus,
        attempts: u32,
        submitted_at: Instant,
    ) -> Self {
        Self {
            id,
            operation: operation.as_str(),
            status: status.as_str(),
            attempts,
            submitted_at: timestamp(submitted_at),
            finished_at: None,
            result: None,
            error: None,
            is_final: status.has_ended(),
        }
    }

    /// Adds the answer of the job and the time of the answer.
    #[must_use]
    pub fn answered(self, answer: &Answer, finished_at: Option<Instant>) -> Self {
        let body = RawValue::from_string(answer.body.clone()).ok();
        let (result, error) = if answer.is_success() { (body, None) } else { (None, body) };
        Self { finished_at: finished_at.map(timestamp), result, error, ..self }
    }

    /// The job of an entry of the command log. It runs as long as it has no answer, although no
    /// worker has it any more.
    #[must_use]
    pub fn from_entry(entry: &LogEntry) -> Self {
        let success = entry.answer().map(Answer::is_success);
        let status = success.map_or(JobStatus::Running, JobStatus::finished);
        let view =
            Self::new(entry.job, entry.operation, status, entry.attempts, entry.submitted_at);
        match &entry.answered {
            Some(Answered { answer, at }) => view.answered(answer, Some(*at)),
            None => view,
        }
    }

    /// The id of the job.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Whether the job has ended, so that there is nothing to wait for.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.is_final
    }
}
