//! `worker jobs`: lists, shows, requeues and discards jobs that were given up.

use crate::settings::{JobsCommand, Settings};
use anyhow::{Context, bail};
use contract::view::timestamp;
use domain::{ClientId, JobId, JobStatus};
use queue::{Queue, QueuedJob};
use runtime::settings::Postgres;
use std::io::{Write, stdout};
use store::{Database, accepted};

const CANNOT: &str = "cannot use Postgres (DATABASE_URL)";

/// Runs the command.
pub async fn run(command: JobsCommand, settings: &Settings) -> anyhow::Result<()> {
    let queue = settings.redis.queue();
    let queue = Queue::connect(queue).await.context("cannot reach Redis (REDIS_URL)")?;
    match command {
        JobsCommand::List { limit } => list(&queue, limit).await,
        JobsCommand::Show { job } => show(&queue, JobId::new(job)).await,
        JobsCommand::Requeue { job } => {
            let (job, database) = (JobId::new(job), open(&settings.postgres).await?);
            report(requeue(&queue, &database, job).await?, job, "is queued again")
        }
        JobsCommand::Discard { job } => {
            let (job, database) = (JobId::new(job), open(&settings.postgres).await?);
            report(discard(&queue, &database, job).await?, job, "is discarded")
        }
    }
}

async fn open(postgres: &Postgres) -> anyhow::Result<Database> {
    Ok(postgres.open().await.context(CANNOT)?.database)
}

/// Queues a dead job again. If its client was promised that it is done, that holds again: before
/// it is queued, so that nothing is done without Postgres, and after it, because a worker may have
/// seen it dead in between.
async fn requeue(queue: &Queue, database: &Database, job: JobId) -> anyhow::Result<bool> {
    let client = client_of_dead(queue, job).await?;
    revive(database, client, job).await?;
    let requeued = queue.requeue(job).await?;
    revive(database, client, job).await?;
    Ok(requeued)
}

/// Drops a dead job. What its client was promised is taken back first, or a worker would admit the
/// job again when Redis has lost it.
async fn discard(queue: &Queue, database: &Database, job: JobId) -> anyhow::Result<bool> {
    let client = client_of_dead(queue, job).await?;
    if let Some(client) = client {
        accepted::end(database, client, job).await.context(CANNOT)?;
    }
    let discarded = queue.discard(job).await?;
    if !discarded {
        revive(database, client, job).await?;
    }
    Ok(discarded)
}

async fn revive(database: &Database, client: Option<ClientId>, job: JobId) -> anyhow::Result<()> {
    let Some(client) = client else { return Ok(()) };
    accepted::revive(database, client, job).await.context(CANNOT)
}

/// The client of a dead job. `None` if the job is not dead, or nothing tells whose it is.
async fn client_of_dead(queue: &Queue, job: JobId) -> anyhow::Result<Option<ClientId>> {
    if let Some(record) = queue.record(job).await? {
        return Ok((record.status == JobStatus::Dead).then_some(record.client));
    }
    let payload = queue.payload(job).await?.unwrap_or_default();
    Ok(QueuedJob::decode(payload.as_bytes()).ok().map(|job| job.client))
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
