//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::Reply;
use queue::{QueuedJob, Ticket, Waited};
use store::command_log;
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
        Waited::TimedOut => last_look(state, job, pending).await,
    }
}

/// The reply after a wait: the state of the job may have changed meanwhile. If Redis does not say,
/// the command log tells whether the job is decided.
async fn last_look(state: &ApiState, job: &QueuedJob, pending: Reply) -> Reply {
    let Reply::Pending { joined, .. } = pending else { return pending };
    if let Ok(Some(record)) = state.queue.record(job.id()).await {
        return Reply::of_record(&record, job, joined);
    }
    match command_log::find_job(&state.database, job.client, job.id()).await {
        Ok(Some(entry)) => Reply::Ended(JobResult::of_entry(entry, job).joined(joined)),
        Ok(None) | Err(_) => pending,
    }
}
