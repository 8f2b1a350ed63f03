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
        JobsCommand::Requeue { job } => {
            if !queue.requeue(JobId(job)).await? {
                bail!("job {job} is not dead: see `worker jobs list`");
            }
            writeln!(stdout(), "job {job} is queued again")?;
            Ok(())
        }
    }
}

async fn list(queue: &Queue, limit: usize) -> anyhow::Result<()> {
    let jobs = queue.dead_jobs(limit).await?;
    let mut out = stdout().lock();
    if jobs.is_empty() {
        writeln!(out, "no dead jobs")?;
    }
    for (id, job) in jobs {
        let gave_up = job.finished_at.map(timestamp).unwrap_or_default();
        let cause = job.cause.unwrap_or_default();
        let (operation, attempts) = (job.operation.as_str(), job.attempts);
        writeln!(out, "{id}  {gave_up}  {operation:<11}  {attempts:>2} attempts  {cause}")?;
    }
    Ok(())
}
