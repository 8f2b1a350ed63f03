//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::Reply;
use queue::{Outcome, QueuedJob, Ticket, Waited};
use store::command_log;
use tokio::time::Instant;

/// Waits until the job of `ticket` has ended, until `deadline`, or until the api stops. The job
/// goes on in any case. `look` is called when an announcement may have been missed.
pub(crate) async fn wait<L, F>(
    state: &ApiState,
    ticket: &mut Ticket,
    deadline: Instant,
    look: impl FnMut() -> F,
) -> Waited<L>
where
    F: Future<Output = Option<L>>,
{
    let waited = state.stop.run_until_cancelled(ticket.wait(deadline, look)).await;
    waited.unwrap_or(Waited::TimedOut)
}

/// Waits for the result of `job`. If it does not end in time, its client is promised that it is
/// done: that is noted before the reply, which is `pending`, or the state of the job by then.
pub(crate) async fn wait_for_result(
    state: &ApiState,
    job: &QueuedJob,
    mut ticket: Option<Ticket>,
    deadline: Instant,
    pending: Reply,
) -> Result<Reply, ApiError> {
    let Reply::Pending { joined, .. } = pending else { return Ok(pending) };
    if let Some(ticket) = &mut ticket {
        let look = || async {
            let record = state.queue.record(job.id()).await.ok().flatten()?;
            JobResult::of_record(&record, job)
        };
        match wait(state, ticket, deadline, look).await {
            Waited::Announced(outcome) => return Ok(announced(&outcome, joined)),
            Waited::Looked(result) => return Ok(Reply::Ended(result.joined(joined))),
            Waited::TimedOut => {}
        }
    }
    let is_decided = accept(state, job, &pending).await?;
    // Who began the job and does not wait for it gets a 202, however fast it was.
    if is_decided
        && (joined || ticket.is_some())
        && let Ok(Some(entry)) = command_log::find_job(&state.database, job.client, job.id()).await
    {
        return Ok(Reply::Ended(JobResult::of_entry(entry, job).joined(joined)));
    }
    let Some(mut ticket) = ticket else { return Ok(pending) };
    match ticket.announced() {
        Some(outcome) => Ok(announced(&outcome, joined)),
        None => Ok(last_look(state, job, pending).await),
    }
}

fn announced(outcome: &Outcome, joined: bool) -> Reply {
    Reply::Ended(JobResult::of_outcome(outcome).joined(joined))
}

/// Notes that the client of a job is promised that it is done, and returns whether it is decided
/// already: just now, or long ago, if Redis has gone back to what it knew before. Fails if its key
/// stands for another request, which Redis had lost.
async fn accept(state: &ApiState, job: &QueuedJob, pending: &Reply) -> Result<bool, ApiError> {
    let Reply::Pending { submitted_at, .. } = *pending else { return Ok(false) };
    match state.acceptances.note(job.accepted(submitted_at)).await {
        Some(noted) if noted.fingerprint != job.fingerprint => Err(ApiError::key_reused(job.id())),
        Some(noted) => Ok(noted.is_decided),
        None => Ok(false),
    }
}

/// The reply after a wait: the state of the job may have changed meanwhile. If Redis does not say,
/// the command log tells whether the job is decided.
async fn last_look(state: &ApiState, job: &QueuedJob, pending: Reply) -> Reply {
    let Reply::Pending { joined, .. } = pending else { return pending };
    match state.queue.record(job.id()).await {
        // Redis has lost it, and another request has its key there.
        Ok(Some(record)) if record.fingerprint != job.fingerprint && record.answer.is_none() => {}
        Ok(Some(record)) => return Reply::of_record(&record, job, joined),
        Ok(None) | Err(_) => {}
    }
    match command_log::find_job(&state.database, job.client, job.id()).await {
        Ok(Some(entry)) => Reply::Ended(JobResult::of_entry(entry, job).joined(joined)),
        Ok(None) | Err(_) => pending,
    }
}
