//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::Reply;
use queue::{Outcome, QueuedJob, Ticket, Waited};
use std::sync::Arc;
use tokio::time::Instant;

/// How the end of a job was noticed.
pub(crate) enum SeenBy<L> {
    /// Its outcome was announced.
    Announcement(Arc<Outcome>),
    /// A look at its record found it.
    Look(L),
}

/// Waits until the job of `ticket` has ended, until `deadline`, or until the api stops. The job
/// goes on in any case. `look` is called when an announcement may have been missed.
pub(crate) async fn wait<L, F>(
    state: &ApiState,
    ticket: Ticket,
    deadline: Instant,
    look: impl FnMut() -> F,
) -> Option<SeenBy<L>>
where
    F: Future<Output = Option<L>>,
{
    match state.stop.run_until_cancelled(ticket.wait(deadline, look)).await? {
        Waited::Announced(outcome) => Some(SeenBy::Announcement(outcome)),
        Waited::Looked(found) => Some(SeenBy::Look(found)),
        Waited::TimedOut => None,
    }
}

/// Waits for the result of `job`; returns `pending`, or its state by then, if it does not end in
/// time.
pub(crate) async fn wait_for_result(
    state: &ApiState,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    pending: Reply,
) -> Reply {
    let (Some(ticket), Reply::Pending { joined, .. }) = (ticket, &pending) else { return pending };
    let joined = *joined;
    let look = || async {
        let record = state.queue.record(job.id()).await.ok().flatten()?;
        JobResult::of_record(&record, job)
    };
    match wait(state, ticket, deadline, look).await {
        Some(SeenBy::Announcement(outcome)) => {
            Reply::Ended(JobResult::of_outcome(&outcome).joined(joined))
        }
        Some(SeenBy::Look(result)) => Reply::Ended(result.joined(joined)),
        // Its state may have changed meanwhile.
        None => match state.queue.record(job.id()).await {
            Ok(Some(record)) => Reply::of_record(&record, job, joined),
            Ok(None) | Err(_) => pending,
        },
    }
}
