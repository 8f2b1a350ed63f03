//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::state::ApiState;
use crate::submit::job_result::{self, JobResult};
use crate::submit::reply::Reply;
use domain::JobId;
use queue::{Outcome, QueuedJob, Record, Ticket, Waited};
use std::sync::Arc;
use tokio::time::Instant;

/// How a job was seen to have ended.
pub(crate) enum Ended {
    /// Its outcome was announced.
    Announced(Arc<Outcome>),
    /// Its record was looked at.
    Recorded(Record),
}

/// Waits until the job has ended, until `deadline`, or until the api stops. The job goes on in any
/// case.
pub(crate) async fn wait(
    state: &ApiState,
    id: JobId,
    ticket: Ticket,
    deadline: Instant,
) -> Option<Ended> {
    let look = || async {
        let record = state.queue.record(id).await.ok().flatten()?;
        job_result::has_ended(&record).then_some(record)
    };
    match state.stop.run_until_cancelled(ticket.wait(deadline, look)).await? {
        Waited::Announced(outcome) => Some(Ended::Announced(outcome)),
        Waited::Looked(record) => Some(Ended::Recorded(record)),
        Waited::TimedOut => None,
    }
}

/// Waits for the result of a job that is `pending`.
pub(crate) async fn wait_for_result(
    state: &ApiState,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    pending: Reply,
) -> Reply {
    let (Some(ticket), Reply::Pending { joined, .. }) = (ticket, &pending) else { return pending };
    let joined = *joined;
    match wait(state, job.id(), ticket, deadline).await {
        Some(Ended::Announced(outcome)) => {
            Reply::Ended(JobResult::of_outcome(&outcome).joined(joined))
        }
        Some(Ended::Recorded(record)) => Reply::of_record(&record, job, joined),
        // It may have got on meanwhile.
        None => match state.queue.record(job.id()).await {
            Ok(Some(record)) => Reply::of_record(&record, job, joined),
            Ok(None) | Err(_) => pending,
        },
    }
}
