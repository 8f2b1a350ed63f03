//! Telling the queue, and the metrics, how jobs ended.

use crate::apply::Attempt;
use serde::Deserialize;
use shared::clock;
use shared::domain::problem::{Problem, ProblemKind};
use shared::domain::{Answer, JobId, Operation};
use shared::queue::announcement::Origin;
use shared::queue::settle::Settled;
use shared::queue::{Queue, QueueError};
use shared::store::ledger::Entry;

/// Tells of decided commands. Call it after the commit, never before. Their tasks are held by one
/// worker, or by two when apalis has restarted it.
pub async fn outcomes(
    queue: &Queue,
    attempts: &[Attempt],
    entries: &[Entry],
) -> Result<(), QueueError> {
    let mut entries = entries;
    for attempts in attempts.chunk_by(|one, next| one.holder == next.holder) {
        let (these, rest) = entries.split_at(attempts.len().min(entries.len()));
        let settled: Vec<Settled<'_>> = attempts.iter().zip(these).map(settled).collect();
        if let Some(attempt) = attempts.first() {
            queue.finish(&attempt.holder, &settled).await?;
        }
        settled.iter().filter(|settled| settled.origin == Origin::Decided).for_each(count);
        entries = rest;
    }
    Ok(())
}

fn settled<'a>((attempt, entry): (&Attempt, &'a Entry)) -> Settled<'a> {
    Settled {
        job: entry.job,
        client: entry.client,
        operation: entry.operation,
        fingerprint: entry.fingerprint,
        attempts: entry.attempts,
        submitted_at: entry.submitted_at,
        admitted_at: attempt.job.submitted_at,
        finished_at: entry.finished_at,
        origin: origin(attempt, entry),
        answer: &entry.answer,
    }
}

/// The ledger remembers the admission it decided. Another one means that Redis had forgotten the
/// key, and the answer is a replay.
fn origin(attempt: &Attempt, entry: &Entry) -> Origin {
    if entry.submitted_at == attempt.job.submitted_at { Origin::Decided } else { Origin::Ledger }
}

/// Tells that a task was given up, and lets go of it. Clients learn the public cause, operators the full one.
pub async fn gave_up(
    queue: &Queue,
    (holder, task): (&str, &str),
    operation: Option<Operation>,
    public_cause: &str,
    full_cause: &str,
) -> Result<(), QueueError> {
    let detail = format!("The command was given up: {public_cause}. Nothing of it was done.");
    let mut problem = Problem::new(ProblemKind::ProcessingFailed, detail);
    if let Ok(id) = task.parse() {
        problem = problem.about_job(JobId(id));
    }
    let answer = Answer { status: problem.status, body: problem.to_json() };
    queue.bury(holder, task, answer, full_cause, clock::now()).await?;
    let operation = operation.map_or("unknown", Operation::as_str);
    count_outcome(operation, "dead".to_owned());
    Ok(())
}

fn count(settled: &Settled<'_>) {
    let operation = settled.operation.as_str();
    let latency = (settled.finished_at - settled.submitted_at).as_seconds_f64().max(0.0);
    metrics::histogram!("commerce_job_latency_seconds", "operation" => operation).record(latency);
    let refused = if settled.answer.is_success() { None } else { refusal_code(settled.answer) };
    count_outcome(operation, refused.unwrap_or_else(|| "succeeded".to_owned()));
}

fn count_outcome(operation: &'static str, outcome: String) {
    let labels = [("operation", operation.to_owned()), ("outcome", outcome)];
    metrics::counter!("commerce_outcomes_total", &labels).increment(1);
}

fn refusal_code(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Refused {
        code: String,
    }
    serde_json::from_str(&answer.body).ok().map(|Refused { code }| code)
}
