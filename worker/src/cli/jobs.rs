//! `worker jobs`: lists, shows, requeues and discards jobs that were given up.

use crate::settings::JobsCommand;
use anyhow::{Context, bail};
use contract::view::timestamp;
use domain::JobId;
use queue::Queue;
use runtime::settings::Redis;
use std::io::{Write, stdout};

/// Runs the command.
pub async fn run(command: JobsCommand, redis: &Redis) -> anyhow::Result<()> {
    let queue = Queue::connect(redis.queue()).await.context("cannot reach Redis (REDIS_URL)")?;
    match command {
        JobsCommand::List { limit } => list(&queue, limit).await,
        JobsCommand::Show { job } => show(&queue, JobId::new(job)).await,
        JobsCommand::Requeue { job } => {
            report(queue.requeue(JobId::new(job)).await?, JobId::new(job), "is queued again")
        }
        JobsCommand::Discard { job } => {
            report(queue.discard(JobId::new(job)).await?, JobId::new(job), "is discarded")
        }
    }
}

fn report(done: bool, job: JobId, what: &str) -> anyhow::Result<()> {
    if !done {
        bail!("job {job} is not dead: see `worker jobs list`");
    }
    writeln!(stdout(), "job {job} {what}")?;
    Ok(())
}

async fn show(queue: &Queue, id: JobId) -> anyhow::Result<()> {
    let Some(job) = queue.record(id).await? else {
        bail!(
            "Redis knows no job {id}; the command log may: \
             SELECT status, body FROM transactions WHERE job_id = '{id}'"
        )
    };
    let payload = queue.payload(id).await?.unwrap_or_else(|| "-".to_owned());
    let lines = [
        ("job", id.to_string()),
        ("client", job.client.to_string()),
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
