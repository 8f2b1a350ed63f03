//! The reply to an admitted submission.

use crate::api_error::ApiError;
use crate::respond;
use crate::submit::job_result::JobResult;
use axum::response::{IntoResponse, Response};
use contract::view::JobView;
use domain::{Instant, JobId, JobStatus};
use queue::{QueuedJob, Record};

/// The reply to an admitted submission.
pub(crate) enum Reply {
    /// The result of its job, which has ended.
    Ended(JobResult),
    /// Its job, which goes on; `joined` if another request began it.
    Pending { view: JobView, submitted_at: Instant, joined: bool },
}

impl Reply {
    /// The reply for a job that was admitted just now.
    pub(crate) fn queued(job: &QueuedJob) -> Self {
        let operation = job.command.operation();
        let view = JobView::new(job.id(), operation, JobStatus::Queued, 0, job.submitted_at);
        Self::Pending { view, submitted_at: job.submitted_at, joined: false }
    }

    /// The reply for a job that another request like this one began, and that its client was
    /// promised.
    pub(crate) fn accepted(job: &QueuedJob, submitted_at: Instant) -> Self {
        let operation = job.command.operation();
        let view = JobView::new(job.id(), operation, JobStatus::Queued, 0, submitted_at);
        Self::Pending { view, submitted_at, joined: true }
    }

    /// The reply for a job that has a record in Redis.
    pub(crate) fn of_record(record: &Record, job: &QueuedJob, joined: bool) -> Self {
        if let Some(result) = JobResult::of_record(record, job) {
            return Self::Ended(result.joined(joined));
        }
        let (view, submitted_at) = (view_of_record(job.id(), record), record.submitted_at);
        Self::Pending { view, submitted_at, joined }
    }
}

/// The response to the request that submitted `job`.
pub(crate) fn respond(reply: Result<Reply, ApiError>, job: &QueuedJob) -> Response {
    match reply {
        Ok(Reply::Ended(result)) => result.into_response(job),
        Ok(Reply::Pending { view, joined, .. }) => {
            respond::mark_replayed(respond::accepted(&view), joined)
        }
        Err(error) => error.into_response(),
    }
}

/// The view of a job, from its record in Redis.
pub(crate) fn view_of_record(id: JobId, record: &Record) -> JobView {
    let Record { operation, status, attempts, submitted_at, .. } = *record;
    let view = JobView::new(id, operation, status, attempts, submitted_at);
    match &record.answer {
        Some(answer) => view.answered(answer, record.finished_at),
        None => view,
    }
}
