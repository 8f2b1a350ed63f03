//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::Reply;
use queue::{QueuedJob, Ticket, Waited};
use tokio::time::Instant;

/// Waits until the job of `ticket` has ended, until `deadline`, or until the api stops. The job
/// goes on in any case. `look` is called when an announcement may have been missed.
pub(crate) async fn wait<L, F>(
    state: &ApiState,
    ticket: Ticket,
    deadline: Instant,
    look: impl FnMut() -> F,
) -> Waited<L>
where
    F: Future<Output = Option<L>>,
{
    let waited = state.stop.run_until_cancelled(ticket.wait(deadline, look)).await;
    waited.unwrap_or(Waited::TimedOut)
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
        Waited::Announced(outcome) => Reply::Ended(JobResult::of_outcome(&outcome).joined(joined)),
        Waited::Looked(result) => Reply::Ended(result.joined(joined)),
        // Its state may have changed meanwhile.
        Waited::TimedOut => match state.queue.record(job.id()).await {
            Ok(Some(record)) => Reply::of_record(&record, job, joined),
            Ok(None) | Err(_) => pending,
        },
    }
}
