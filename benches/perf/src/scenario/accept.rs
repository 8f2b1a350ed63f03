//! Accepting without a worker, and then a worker that finds all of it.

use super::{Bench, drive, memory};
use crate::driver::{Extent, Pace};
use crate::loads::Subscribe;
use crate::machine::memory_of;
use crate::number::float;
use crate::results::Sample;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 64;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const DRAINED_WITHIN: Duration = Duration::from_mins(5);

pub(super) async fn accept(bench: &mut Bench) -> Result<Sample> {
    let jobs = bench.options.jobs;
    let users = bench.stack.database.users(i64::try_from(jobs)?).await?;
    let load = Subscribe { users, run: bench.next_run(), no_wait: true, left: Some(jobs) };
    let stack = &bench.stack;
    let mut sample =
        drive(stack, CONNECTIONS, Pace::Closed, Extent::UntilDone, Box::new(load)).await?;
    memory(stack, &mut sample).await?;
    Ok(sample)
}

/// Starts a worker and waits until the queue is empty. Time counts from the first look after the
/// worker's start, and only what waited then.
pub(super) async fn drain(bench: &mut Bench) -> Result<Sample> {
    let waiting = bench.stack.queue_depth().await?;
    ensure!(waiting == bench.options.jobs, "{waiting} jobs wait, not {}", bench.options.jobs);
    let rows = "SELECT count(*) FROM transactions";
    let rows_before = bench.stack.database.number(rows).await?;
    let before = bench.stack.watch().read();
    bench.stack.add_worker().await?;
    let watch = bench.stack.watch();
    let worker = bench.stack.programs_of("worker").next().context("no worker")?.pid();
    let (first, begun, mut memories) =
        (bench.stack.queue_depth().await?, Instant::now(), Vec::new());
    let mut left = first;
    while left > 0 {
        ensure!(begun.elapsed() < DRAINED_WITHIN, "{left} jobs wait after {DRAINED_WITHIN:?}");
        tokio::time::sleep(LOOK_EVERY).await;
        left = bench.stack.queue_depth().await?;
        memories.extend(memory_of(worker).map(|memory| memory.now_mib));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut sample = Sample::counted(waiting, seconds, &watch.since(&before));
    sample.rate = float(first) / seconds.max(1e-3);
    let decided = bench.stack.database.number(rows).await? - rows_before;
    if decided != i64::try_from(waiting)? {
        sample.invalid = Some(format!("{decided} ledger rows of {waiting} jobs"));
    }
    memory(&bench.stack, &mut sample).await?;
    // In its first tenth it still takes what it needs.
    let settled = memories.get(memories.len() / 10);
    for (name, value) in [("worker_mib_begin", settled), ("worker_mib_end", memories.last())] {
        sample.figures.extend(value.map(|value| (name.to_owned(), *value)));
    }
    Ok(sample)
}
