//! `worker jobs`: what an operator can do about jobs that were given up.

use crate::config::JobsCommand;
use anyhow::{Context, bail};
use shared::config::Redis;
use shared::domain::JobId;
use shared::domain::view::timestamp;
use shared::queue::Queue;
use std::io::{Write, stdout};

/// Does what was asked for.
pub async fn run(command: JobsCommand, redis: &Redis) -> anyhow::Result<()> {
    let queue = Queue::connect(redis).await.context("cannot reach Redis (REDIS_URL)")?;
    match command {
        JobsCommand::List { limit } => list(&queue, limit).await,
        JobsCommand::Show { job } => show(&queue, JobId(job)).await,
        JobsCommand::Requeue { job } => {
            say(queue.requeue(JobId(job)).await?, JobId(job), "is queued again")
        }
        JobsCommand::Discard { job } => {
            say(queue.discard(JobId(job)).await?, JobId(job), "is discarded")
        }
    }
}

fn say(done: bool, job: JobId, what: &str) -> anyhow::Result<()> {
    if !done {
        bail!("job {job} is not dead: see `worker jobs list`");
    }
    writeln!(stdout(), "job {job} {what}")?;
    Ok(())
}

async fn show(queue: &Queue, id: JobId) -> anyhow::Result<()> {
    let Some(job) = queue.record(id).await? else {
        bail!(
            "Redis knows no job {id}; the ledger may: SELECT * FROM transactions WHERE job_id = '{id}'"
        )
    };
    let payload = queue.payload(id).await?.unwrap_or_else(|| "-".to_owned());
    let lines = [
        ("job", id.to_string()),
        ("client", job.client.0.to_string()),
        ("operation", job.operation.as_str().to_owned()),
        ("status", job.status.as_str().to_owned()),
        ("attempts", job.attempts.to_string()),
        ("submitted", timestamp(job.submitted_at)),
        ("ended", job.finished_at.map_or_else(|| "-".to_owned(), timestamp)),
        ("cause", job.cause.unwrap_or_else(|| "-".to_owned())),
        ("command", payload),
    ];
    let mut out = stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<10}{value}")?;
    }
    Ok(())
}

async fn list(queue: &Queue, limit: usize) -> anyhow::Result<()> {
    let jobs = queue.dead_jobs(limit).await?;
    let mut out = stdout().lock();
    if jobs.is_empty() {
        writeln!(out, "no dead jobs")?;
    }
    for (id, job) in jobs {
        let Some(job) = job else {
            writeln!(out, "{id}  no record: discard it; a retry of its client is admitted afresh")?;
            continue;
        };
        let gave_up = job.finished_at.map(timestamp).unwrap_or_default();
        let cause = job.cause.unwrap_or_default();
        let (operation, attempts) = (job.operation.as_str(), job.attempts);
        writeln!(out, "{id}  {gave_up}  {operation:<11}  {attempts:>2} attempts  {cause}")?;
    }
    Ok(())
}
