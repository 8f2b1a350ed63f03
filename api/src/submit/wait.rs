//! Waiting for a job to end: for submissions, and for `GET /jobs/{id}?wait`.

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::{Pending, Reply};
use domain::LogEntry;
use queue::{Outcome, QueuedJob, Ticket, Waited};
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;
use store::command_log;
use tokio::time::Instant;

/// The time between two looks at a job that waits for an effect. Others are looked at after it
/// once, and then after pauses that double.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Until when a submission waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// For the decision.
    pub(crate) decision: Instant,
    /// For an effect, if the command is decided by then and waits for one.
    pub(crate) effect: Instant,
}

/// What a look at a job shows: its end, or whether it waits for an effect.
pub(crate) type Look<L> = ControlFlow<L, bool>;

/// Waits until the job of `ticket` has ended, until `deadline`, or until the api stops. The job
/// goes on in any case. `look` is called when an announcement may have been missed, and now and
/// then besides: that an effect has ended may have been announced while Redis was away.
pub(crate) async fn wait<L, F>(
    state: &ApiState,
    ticket: &mut Ticket,
    deadline: Instant,
    mut look: impl FnMut() -> F,
) -> Waited<L>
where
    F: Future<Output = Look<L>>,
{
    // A look is seldom, and large: who waits does not hold room for it.
    let looks = async {
        let mut pause = LOOK_INTERVAL;
        loop {
            let until = deadline.min(Instant::now() + pause);
            let found = || {
                let looking = Box::pin(look());
                async { looking.await.break_value() }
            };
            match ticket.wait(until, found).await {
                Waited::TimedOut if until < deadline => {}
                ended => return ended,
            }
            match tokio::time::timeout_at(deadline, Box::pin(look())).await {
                Ok(Break(found)) => return Waited::Looked(found),
                Ok(Continue(true)) => pause = LOOK_INTERVAL,
                Ok(Continue(false)) | Err(_) => pause *= 2,
            }
        }
    };
    state.stop.run_until_cancelled(looks).await.unwrap_or(Waited::TimedOut)
}

/// Waits for the result of `job`. If it does not end in time, its client is promised that it is
/// done: that is noted before the reply, which is `pending`, or the state of the job by then. For
/// an effect it is waited longer.
pub(crate) async fn wait_for_result(
    state: &ApiState,
    job: &QueuedJob,
    mut ticket: Option<Ticket>,
    deadlines: Deadlines,
    pending: Reply,
) -> Result<Reply, ApiError> {
    let Reply::Pending(pending) = pending else { return Ok(pending) };
    if pending.awaits_effect {
        let waiting = wait_for_effect(state, job, ticket, deadlines.effect, pending);
        return Ok(Box::pin(waiting).await);
    }
    let joined = pending.joined;
    if let Some(ticket) = &mut ticket {
        let look = || look(state, job, joined);
        match wait(state, ticket, deadlines.decision, look).await {
            Waited::Announced(outcome) => return Ok(announced(&outcome, joined)),
            Waited::Looked(reply) => return Ok(reply),
            Waited::TimedOut => {}
        }
    }
    let is_decided = accept(state, job, &pending).await?;
    // Who began the job and does not wait for it gets a 202, however fast it was.
    if is_decided
        && (joined || ticket.is_some())
        && let Ok(Some(entry)) = command_log::find_job(&state.database, job.client, job.id()).await
    {
        return Ok(decided(state, job, ticket, deadlines.effect, (entry, joined)).await);
    }
    let Some(mut ticket) = ticket else { return Ok(Reply::Pending(pending)) };
    if let Some(outcome) = ticket.announced() {
        return Ok(announced(&outcome, joined));
    }
    match last_look(state, job, pending).await {
        Reply::Pending(pending) if pending.awaits_effect => {
            let waiting = wait_for_effect(state, job, Some(ticket), deadlines.effect, pending);
            Ok(Box::pin(waiting).await)
        }
        reply => Ok(reply),
    }
}

/// The reply from an entry of the command log, after a wait for its answer if it has none yet.
async fn decided(
    state: &ApiState,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    (entry, joined): (LogEntry, bool),
) -> Reply {
    match Reply::of_entry(entry, job, joined) {
        Reply::Pending(pending) => {
            Box::pin(wait_for_effect(state, job, ticket, deadline, pending)).await
        }
        ended @ Reply::Ended(_) => ended,
    }
}

/// Waits for the answer of a job that is decided, and that an effect has to bring. The command log
/// has it first.
async fn wait_for_effect(
    state: &ApiState,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    pending: Pending,
) -> Reply {
    let joined = pending.joined;
    if let Break(reply) = ask_command_log(state, job, joined).await {
        return reply;
    }
    let Some(mut ticket) = ticket else { return Reply::Pending(pending) };
    let look = || ask_command_log(state, job, joined);
    match wait(state, &mut ticket, deadline, look).await {
        Waited::Announced(outcome) => announced(&outcome, joined),
        Waited::Looked(reply) => reply,
        Waited::TimedOut => Reply::Pending(pending),
    }
}

/// Looks at a job: at its record, and if that waits for an effect at the command log.
async fn look(state: &ApiState, job: &QueuedJob, joined: bool) -> Look<Reply> {
    let Ok(Some(record)) = state.queue.record(job.id()).await else { return Continue(false) };
    if record.awaits_effect {
        return ask_command_log(state, job, joined).await;
    }
    let ended = JobResult::of_record(&record, job).map(|result| result.joined(joined));
    ended.map_or(Continue(false), |result| Break(Reply::Ended(result)))
}

async fn ask_command_log(state: &ApiState, job: &QueuedJob, joined: bool) -> Look<Reply> {
    let entry = command_log::find_job(&state.database, job.client, job.id()).await;
    match entry.ok().flatten().and_then(|entry| JobResult::of_entry(entry, job)) {
        Some(result) => Break(Reply::Ended(result.joined(joined))),
        None => Continue(true),
    }
}

fn announced(outcome: &Outcome, joined: bool) -> Reply {
    Reply::Ended(JobResult::of_outcome(outcome).joined(joined))
}

/// Notes that the client of a job is promised that it is done, and returns whether it is decided
/// already: just now, or long ago, if Redis has gone back to what it knew before. Fails if its key
/// stands for another request, which Redis had lost.
async fn accept(state: &ApiState, job: &QueuedJob, pending: &Pending) -> Result<bool, ApiError> {
    match state.acceptances.note(job.accepted(pending.submitted_at)).await {
        Some(noted) if noted.fingerprint != job.fingerprint => Err(ApiError::key_reused(job.id())),
        Some(noted) => Ok(noted.is_decided),
        None => Ok(false),
    }
}

/// The reply after a wait: the state of the job may have changed meanwhile. If Redis does not say,
/// the command log tells whether the job is decided.
async fn last_look(state: &ApiState, job: &QueuedJob, pending: Pending) -> Reply {
    let joined = pending.joined;
    match state.queue.record(job.id()).await {
        // Redis has lost it, and another request has its key there.
        Ok(Some(record)) if record.fingerprint != job.fingerprint && record.answer.is_none() => {}
        Ok(Some(record)) => return Reply::of_record(&record, job, joined),
        Ok(None) | Err(_) => {}
    }
    match command_log::find_job(&state.database, job.client, job.id()).await {
        Ok(Some(entry)) => Reply::of_entry(entry, job, joined),
        Ok(None) | Err(_) => Reply::Pending(pending),
    }
}
