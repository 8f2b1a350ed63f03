//! Has a submission admitted, and waits for its outcome.

use crate::api_error::ApiError;
use crate::extract::Caller;
use crate::state::ApiState;
use crate::submit::reply::Reply;
use crate::submit::wait::{Deadlines, wait_for_result};
use contract::{Problem, ProblemKind};
use domain::Operation;
use queue::{Admission, QueuedJob, Quota, Submission, Verdict};
use store::accepted::{self, Standing};
use store::reads;
use tokio::time::Instant;

/// The time after which a client should try again when the queue is full, in seconds.
const RETRY_AFTER_FULL: u64 = 5;
/// The same while the clock of a test client is on its way.
const RETRY_AFTER_ADVANCE: u64 = 1;

/// Has a submission admitted, and waits for its outcome if its job is under way.
pub(crate) async fn admit(
    state: &ApiState,
    job: &QueuedJob,
    caller: &Caller,
    deadlines: Deadlines,
) -> Result<(Result<Reply, ApiError>, Option<Quota>), ApiError> {
    // The ticket is taken before the job can finish. Otherwise its outcome could be announced
    // before anything waits for it.
    let ticket = (deadlines.decision > Instant::now())
        .then(|| state.outcomes.ticket(job.id(), &caller.bucket))
        .flatten();
    let bucket = (&*caller.bucket, caller.rate_limit);
    let submission = state.queue.submission(job, bucket, state.job_keyring.known().signing());
    let is_moving = clock_is_moving(state, job, caller).await;
    let admission = if is_moving {
        admit_if_known(state, submission).await
    } else {
        match state.admissions.call(submission).await {
            Ok(admitted) => admitted.map_err(ApiError::from),
            Err(error) => Err(error.into()),
        }
    };
    let admission = admission.map_err(ApiError::of_unknown_admission)?;
    let quota = admission.quota;
    let (word, reply) = match admission.verdict {
        Verdict::Enqueued => {
            let queued = Reply::queued(job);
            ("enqueued", wait_for_result(state, job, ticket, deadlines, queued).await)
        }
        Verdict::Known(record) => {
            // The record of this very submission: it was admitted, and the answer to that was lost
            // with the connection.
            let own = record.submitted_at == job.submitted_at;
            match Reply::of_record(&record, job, !own) {
                ended @ Reply::Ended(_) => ("replayed", Ok(ended)),
                pending => {
                    let reply = wait_for_result(state, job, ticket, deadlines, pending).await;
                    (if own { "enqueued" } else { "joined" }, reply)
                }
            }
        }
        Verdict::Reused => ("reused", Err(ApiError::key_reused(job.id()))),
        Verdict::Contested => match owned(state, job).await {
            Ok(Some(owned)) => {
                ("joined", wait_for_result(state, job, ticket, deadlines, owned).await)
            }
            Ok(None) => ("reused", Err(ApiError::key_reused(job.id()))),
            Err(error) => ("reused", Err(error)),
        },
        Verdict::Limited => ("limited", Err(limited(quota))),
        Verdict::Full if is_moving => match owned(state, job).await {
            Ok(Some(owned)) => {
                ("joined", wait_for_result(state, job, ticket, deadlines, owned).await)
            }
            Ok(None) => ("clock_advancing", Err(clock_busy())),
            Err(error) => ("clock_advancing", Err(error)),
        },
        Verdict::Full => ("full", Err(full())),
    };
    let labels = [("operation", job.command.operation().as_str()), ("admission", word)];
    metrics::counter!("commerce_submissions_total", &labels).increment(1);
    Ok((reply, quota))
}

/// Whether the clock of the client is on its way, so that nothing new is admitted but another
/// advance, which is refused. Only test clients are looked at, each time: what is remembered for a
/// second would refuse what its client sends when the advance has ended. If Postgres does not say,
/// the command is admitted: it is decided where the clock stands.
async fn clock_is_moving(state: &ApiState, job: &QueuedJob, caller: &Caller) -> bool {
    if caller.livemode || job.command.operation() == Operation::AdvanceClock {
        return false;
    }
    let clock = reads::test_clock(&state.database, caller.client).await;
    clock.ok().flatten().is_some_and(|clock| clock.advance.is_some())
}

/// As an admission, but into a queue without any room.
async fn admit_if_known(state: &ApiState, submission: Submission) -> Result<Admission, ApiError> {
    let admitted = state.queue.admit(&[submission], 0).await?;
    let admission = admitted.into_iter().next().ok_or_else(ApiError::internal)?;
    Ok(admission?)
}

/// The reply from what Postgres has of this very request, if it was accepted or decided before;
/// `None` if not. Redis may have lost its key, and another request with it may be under way there.
async fn owned(state: &ApiState, job: &QueuedJob) -> Result<Option<Reply>, ApiError> {
    Ok(match accepted::find_standing(&state.database, job.client, job.id()).await? {
        Some(Standing::Decided(entry)) if entry.fingerprint == job.fingerprint => {
            Some(Reply::of_entry(*entry, job, false))
        }
        Some(Standing::Accepted(accepted))
            if accepted.fingerprint == job.fingerprint && accepted.ended_at.is_none() =>
        {
            Some(Reply::accepted(job, accepted.submitted_at))
        }
        _ => None,
    })
}

fn limited(quota: Option<Quota>) -> ApiError {
    let seconds = quota.map_or(1, |quota| quota.reset_seconds.max(1));
    ApiError::from(Problem::rate_limited(seconds)).retry_after(seconds)
}

fn clock_busy() -> ApiError {
    ApiError::from(Problem::clock_busy()).retry_after(RETRY_AFTER_ADVANCE)
}

fn full() -> ApiError {
    let detail = "Nothing was accepted. Try again with the same key.";
    ApiError::new(ProblemKind::QueueFull, detail).retry_after(RETRY_AFTER_FULL)
}
