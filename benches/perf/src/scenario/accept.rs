//! Accepting without a worker, then a worker that finds all of it; and nothing to do at all.

use super::http::memory;
use super::{JOBS, REST_SECONDS, drive};
use crate::bench::Bench;
use crate::driver::{Extent, Pace};
use crate::loads;
use crate::machine::memory_of;
use crate::number::float;
use crate::results::Sample;
use crate::stack::Stack;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const LOOK_EVERY: Duration = Duration::from_millis(20);
const DRAINED_WITHIN: Duration = Duration::from_mins(5);

/// What the housekeeping leaves behind dies down.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn accept(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    let load = loads::accept(stack.database.users(JOBS).await?, bench.next_run());
    drive(stack, clients, Pace::Closed, Extent::Requests(JOBS), load).await
}

/// Starts a worker and waits until the queue is empty. Time counts from the first look after the
/// worker's start, and only what waited then.
pub(super) async fn drain(stack: &mut Stack) -> Result<Sample> {
    let waiting = stack.queue_depth().await?;
    ensure!(waiting == JOBS, "{waiting} jobs wait, not {JOBS}");
    let rows = "SELECT count(*) FROM transactions";
    let rows_before: i64 = stack.database.value(rows).await?;
    let before = stack.watch().read();
    stack.add_worker().await?;
    let (watch, worker) = (stack.watch(), stack.worker()?.pid);
    let (first, since) = (stack.queue_depth().await?, Instant::now());
    let (mut left, mut memories) = (first, Vec::new());
    while left > 0 {
        ensure!(since.elapsed() < DRAINED_WITHIN, "{left} jobs wait after {DRAINED_WITHIN:?}");
        sleep(LOOK_EVERY).await;
        left = stack.queue_depth().await?;
        memories.extend(memory_of(worker).map(|(now, _)| now));
    }
    let seconds = since.elapsed().as_secs_f64();
    let mut sample = Sample::counted(JOBS, seconds, &watch.since(&before));
    sample.rate = float(first) / seconds.max(1e-3);
    let decided = stack.database.value::<i64>(rows).await? - rows_before;
    if decided != i64::try_from(JOBS)? {
        sample.invalid = Some(format!("{decided} rows of the command log for {JOBS} jobs"));
    }
    memory(stack, &mut sample)?;
    // In its first tenth it still takes what it needs.
    let begin = memories.get(memories.len() / 10);
    for (name, value) in [("worker_mib_begin", begin), ("worker_mib_end", memories.last())] {
        sample.figures.extend(value.map(|value| (name.to_owned(), *value)));
    }
    Ok(sample)
}

/// A stack that nobody asks anything. Its operations are seconds.
pub(super) async fn rest(bench: &Bench, stack: &Stack) -> Result<Sample> {
    // What is left of the scenarios before is done now: else it would be done by and by.
    for database in bench.databases.values().chain([&stack.database]) {
        database.execute("VACUUM ANALYZE").await?;
    }
    stack.database.checkpoint().await?;
    sleep(SETTLED_WITHIN).await;
    let watch = stack.watch();
    let before = watch.read();
    sleep(Duration::from_secs(REST_SECONDS)).await;
    let mut sample = Sample::counted(REST_SECONDS, float(REST_SECONDS), &watch.since(&before));
    sample.note("percent_of_a_core", sample.cpu_servers_us() / 10_000.0);
    Ok(sample)
}
