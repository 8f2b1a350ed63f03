//! Has a submission admitted, and waits for its outcome.

use crate::api_error::ApiError;
use crate::extract::Caller;
use crate::state::ApiState;
use crate::submit::job_result::JobResult;
use crate::submit::reply::Reply;
use crate::submit::wait::wait_for_result;
use contract::{Problem, ProblemKind};
use queue::{QueuedJob, Quota, Verdict};
use store::accepted::{self, Standing};
use tokio::time::Instant;

/// The time after which a client should try again when the queue is full, in seconds.
const RETRY_AFTER_FULL: u64 = 5;

/// Has a submission admitted, and waits for its outcome if its job is under way.
pub(crate) async fn admit(
    state: &ApiState,
    job: &QueuedJob,
    caller: &Caller,
    deadline: Instant,
) -> Result<(Result<Reply, ApiError>, Option<Quota>), ApiError> {
    // The ticket is taken before the job can finish. Otherwise its outcome could be announced
    // before anything waits for it.
    let ticket = (deadline > Instant::now())
        .then(|| state.outcomes.ticket(job.id(), &caller.bucket))
        .flatten();
    let bucket = (&*caller.bucket, caller.rate_limit);
    let submission = state.queue.submission(job, bucket, state.job_keyring.known().signing());
    let admission = match state.admissions.call(submission).await {
        Ok(admitted) => admitted.map_err(ApiError::from),
        Err(error) => Err(error.into()),
    };
    let admission = admission.map_err(ApiError::of_unknown_admission)?;
    let quota = admission.quota;
    let (word, reply) = match admission.verdict {
        Verdict::Enqueued => {
            let queued = Reply::queued(job);
            ("enqueued", wait_for_result(state, job, ticket, deadline, queued).await)
        }
        Verdict::Known(record) => {
            // The record of this very submission: it was admitted, and the answer to that was lost
            // with the connection.
            let own = record.submitted_at == job.submitted_at;
            match Reply::of_record(&record, job, !own) {
                ended @ Reply::Ended(_) => ("replayed", Ok(ended)),
                pending => {
                    let reply = wait_for_result(state, job, ticket, deadline, pending).await;
                    (if own { "enqueued" } else { "joined" }, reply)
                }
            }
        }
        Verdict::Reused => ("reused", Err(ApiError::key_reused(job.id()))),
        Verdict::Contested => match contested(state, job).await {
            Ok(Some(owned)) => {
                ("joined", wait_for_result(state, job, ticket, deadline, owned).await)
            }
            Ok(None) => ("reused", Err(ApiError::key_reused(job.id()))),
            Err(error) => ("reused", Err(error)),
        },
        Verdict::Limited => ("limited", Err(limited(quota))),
        Verdict::Full => ("full", Err(full())),
    };
    let labels = [("operation", job.command.operation().as_str()), ("admission", word)];
    metrics::counter!("commerce_submissions_total", &labels).increment(1);
    Ok((reply, quota))
}

/// The reply when another request with this key is under way. If Redis has lost the key, this
/// request may nevertheless be the one that was accepted or decided first. Postgres shows which one
/// it is; `None` if it is not this one.
async fn contested(state: &ApiState, job: &QueuedJob) -> Result<Option<Reply>, ApiError> {
    Ok(match accepted::find_standing(&state.database, job.client, job.id()).await? {
        Some(Standing::Decided(entry)) if entry.fingerprint == job.fingerprint => {
            Some(Reply::Ended(JobResult::of_entry(*entry, job)))
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

fn full() -> ApiError {
    let detail = "Nothing was accepted. Try again with the same key.";
    ApiError::new(ProblemKind::QueueFull, detail).retry_after(RETRY_AFTER_FULL)
}
