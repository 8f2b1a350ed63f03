//! Publishes how jobs ended, and counts it in the metrics.

use crate::apply::{Attempt, NewOutcome};
use contract::Problem;
use domain::{Answer, JobId, LogEntry, Operation};
use queue::{DecidedJob, Provenance, Queue, QueueError};
use runtime::clock;

/// Publishes the answers of decided commands. To be called after the commit, never before. One
/// apalis worker holds all their tasks, or two if it was restarted meanwhile.
pub(crate) async fn answers(
    queue: &Queue,
    attempts: &[Attempt],
    entries: &[LogEntry],
) -> Result<(), QueueError> {
    let mut entries = entries;
    for attempts in attempts.chunk_by(|one, next| one.holder == next.holder) {
        let (these, rest) = entries.split_at(attempts.len().min(entries.len()));
        let jobs: Vec<DecidedJob<'_>> = attempts.iter().zip(these).map(decided_job).collect();
        if let Some(attempt) = attempts.first() {
            queue.finish(&attempt.holder, &jobs).await?;
        }
        entries = rest;
    }
    Ok(())
}

fn decided_job<'a>((attempt, entry): (&Attempt, &'a LogEntry)) -> DecidedJob<'a> {
    let admitted_at = attempt.job.submitted_at;
    // The command log has the time of the admission that was decided. If the task is of another
    // one, Redis had lost the key, and the answer is a replay.
    let is_first = entry.submitted_at == admitted_at;
    let provenance = if is_first { Provenance::Decided } else { Provenance::CommandLog };
    DecidedJob { entry, admitted_at, provenance }
}

/// Gives a task up, and publishes that. Clients see the public cause, operators the full one.
pub(crate) async fn give_up(
    queue: &Queue,
    holder: &str,
    task: &str,
    operation: Option<Operation>,
    public_cause: &str,
    full_cause: &str,
) -> Result<(), QueueError> {
    let mut problem = Problem::given_up(public_cause);
    if let Ok(id) = task.parse() {
        problem = problem.about_job(JobId::new(id));
    }
    let answer = Answer { status: problem.status, body: problem.to_json() };
    queue.bury(holder, task, answer, full_cause, clock::now()).await?;
    count_outcome(operation.map_or("unknown", Operation::as_str), "dead");
    Ok(())
}

/// Counts decisions that are committed.
pub(crate) fn count_decided(outcomes: &[NewOutcome]) {
    for NewOutcome { operation, outcome, latency } in outcomes {
        let operation = operation.as_str();
        let seconds = latency.map(|latency| latency.as_seconds_f64().max(0.0));
        tracing::trace!(operation, outcome, seconds, "decided");
        if let Some(seconds) = seconds {
            metrics::histogram!("commerce_job_latency_seconds", "operation" => operation)
                .record(seconds);
        }
        count_outcome(operation, outcome);
    }
}

/// Counts the outcome of a job that had to wait for it.
pub(crate) fn count_settled(entry: &LogEntry) {
    let outcome = match entry.answer() {
        Some(answer) if answer.is_success() => "succeeded",
        _ => "refused",
    };
    count_outcome(entry.operation.as_str(), outcome);
}

fn count_outcome(operation: &'static str, outcome: &'static str) {
    let labels = [("operation", operation), ("outcome", outcome)];
    metrics::counter!("commerce_outcomes_total", &labels).increment(1);
}
