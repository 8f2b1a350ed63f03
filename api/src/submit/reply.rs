//! The reply to an admitted submission.

use crate::api_error::ApiError;
use crate::respond;
use crate::submit::job_result::JobResult;
use axum::response::{IntoResponse, Response};
use contract::view::JobView;
use domain::{Instant, JobId, JobStatus, LogEntry};
use queue::{QueuedJob, Record};

/// The reply to an admitted submission.
pub(crate) enum Reply {
    /// The result of its job, which has ended.
    Ended(JobResult),
    /// Its job, which goes on.
    Pending(Pending),
}

/// A job that goes on.
pub(crate) struct Pending {
    /// The job as it is shown.
    pub(crate) view: JobView,
    /// When it was admitted first.
    pub(crate) submitted_at: Instant,
    /// Whether another request began it.
    pub(crate) joined: bool,
    /// Whether it is decided, and an effect has to bring its answer.
    pub(crate) awaits_effect: bool,
}

impl Reply {
    /// The reply for a job that was admitted just now.
    pub(crate) fn queued(job: &QueuedJob) -> Self {
        let operation = job.command.operation();
        let view = JobView::new(job.id(), operation, JobStatus::Queued, 0, job.submitted_at);
        let submitted_at = job.submitted_at;
        Self::Pending(Pending { view, submitted_at, joined: false, awaits_effect: false })
    }

    /// The reply for a job that another request like this one began, and that its client was
    /// promised.
    pub(crate) fn accepted(job: &QueuedJob, submitted_at: Instant) -> Self {
        let operation = job.command.operation();
        let view = JobView::new(job.id(), operation, JobStatus::Queued, 0, submitted_at);
        Self::Pending(Pending { view, submitted_at, joined: true, awaits_effect: false })
    }

    /// The reply for a job that has a record in Redis.
    pub(crate) fn of_record(record: &Record, job: &QueuedJob, joined: bool) -> Self {
        if let Some(result) = JobResult::of_record(record, job) {
            return Self::Ended(result.joined(joined));
        }
        let (view, submitted_at) = (view_of_record(job.id(), record), record.submitted_at);
        let joined = joined || submitted_at != job.submitted_at;
        Self::Pending(Pending { view, submitted_at, joined, awaits_effect: record.awaits_effect })
    }

    /// The reply for a job that has an entry in the command log.
    pub(crate) fn of_entry(entry: LogEntry, job: &QueuedJob, joined: bool) -> Self {
        let (view, submitted_at) = (JobView::from_entry(&entry), entry.submitted_at);
        if let Some(result) = JobResult::of_entry(entry, job) {
            return Self::Ended(result.joined(joined));
        }
        let joined = joined || submitted_at != job.submitted_at;
        Self::Pending(Pending { view, submitted_at, joined, awaits_effect: true })
    }
}

/// The response to the request that submitted `job`.
pub(crate) fn respond(reply: Result<Reply, ApiError>, job: &QueuedJob) -> Response {
    match reply {
        Ok(Reply::Ended(result)) => result.into_response(job),
        Ok(Reply::Pending(Pending { view, joined, .. })) => {
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
