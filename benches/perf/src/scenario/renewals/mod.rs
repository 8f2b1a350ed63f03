//! Very many renewals that are due one after the other: are they made in time, each once, and do
//! they hold up commands of clients?

mod proof;
mod rows;

use super::http::memory;
use crate::bench::Bench;
use crate::driver::{Connection, Drive, Extent, Pace, Recording, Running, start};
use crate::loads::{Users, subscribe};
use crate::machine::{CpuTimes, memory_of};
use crate::results::{Latency, Sample};
use crate::stack::{Servers, Stack, metric};
use anyhow::{Context, Result, ensure};
use rows::Renewals;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How long the provider takes for an answer.
const ANSWER_MS: u64 = 50;
/// Commands of clients a second, which cost nothing: the same without renewals and beside them.
const RATE: u32 = 200;
/// For how long there are commands before the first renewal is due, after a warm-up.
const ALONE: Duration = Duration::from_mins(1);
const WARM_UP: Duration = Duration::from_secs(10);
/// After the last of them is due.
const RENEWED_WITHIN: Duration = Duration::from_mins(10);
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Charges that are done, by the metrics of the worker.
const CHARGED: &str = "commerce_effects_total{kind=\"charge\"}";

/// The time in which renewals were made.
struct Made {
    took: Duration,
    cpu: CpuTimes,
    left: u64,
    /// The memory of the worker before, halfway and after, in MiB.
    worker_mib: [f64; 3],
}

/// Has subscriptions become due, in a database of its own, while commands go on at a fixed rate.
pub(super) async fn run(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    let mut database = stack.one_more_database(bench, "renewals").await?;
    std::mem::swap(&mut stack.database, &mut database);
    let sample = measure(bench, stack, clients).await;
    stack.tuning.clear();
    stack.stop().await?;
    std::mem::swap(&mut stack.database, &mut database);
    sample
}

async fn measure(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    let (count, seconds) = (bench.options.renewals, bench.options.renewal_seconds);
    let longest = WARM_UP + ALONE + Duration::from_secs(seconds) + RENEWED_WITHIN;
    let others = u64::from(RATE) * longest.as_secs();
    let before_first = WARM_UP + ALONE;
    let renewals = rows::make(&mut stack.database, (count, seconds), others, before_first).await?;
    start_product(stack).await?;
    ensure!(Instant::now() + before_first < renewals.first, "making rows took too long");

    sleep_until(renewals.first - before_first).await;
    let running = commands(stack, clients, bench.next_run(), &renewals.others, WARM_UP).await?;
    sleep_until(renewals.first).await;
    let alone = ended(running).await?;

    let users = &renewals.others;
    let running = commands(stack, clients, bench.next_run(), users, Duration::ZERO).await?;
    let made = wait(stack, &renewals).await?;
    let beside = ended(running).await?;

    let mut sample = of(count, &made, &alone, &beside)?;
    memory(stack, &mut sample)?;
    sample.note("charges_at_once_max", stack.charges_at_once_max().await?);
    proof::late(&stack.database, &mut sample).await?;
    let late = (made.left > 0).then(|| format!("{} renewals are not charged", made.left));
    let wrong = match late {
        Some(late) => Some(late),
        None => proof::wrong(stack, count).await?,
    };
    sample.invalid = alone.first_error.or(sample.invalid).or(wrong);
    Ok(sample)
}

async fn start_product(stack: &mut Stack) -> Result<()> {
    stack.tuning = vec![
        ("PAYMENTS", "simulated".to_owned()),
        // What is measured is not how late ticks are.
        ("SWEEP_INTERVAL_SECONDS", "1".to_owned()),
    ];
    stack.need(Servers::Product(0)).await?;
    stack.add_provider(ANSWER_MS).await?;
    stack.add_worker().await
}

async fn commands(
    stack: &Stack,
    connections: usize,
    run: u32,
    users: &Users,
    warm_up: Duration,
) -> Result<Running> {
    let (address, load) = (stack.address()?, subscribe(users.clone(), run));
    let pace = Pace::Open { rate: RATE.into(), seed: run.into() };
    // It is stopped before.
    let extent = Extent::Time(warm_up, Duration::from_hours(2));
    start(Drive { address, connections, pace, extent, load }).await
}

async fn ended(mut running: Running) -> Result<Recording> {
    running.stop();
    running.recording().await
}

/// Waits until all are charged.
async fn wait(stack: &Stack, renewals: &Renewals) -> Result<Made> {
    let (watch, pid) = (stack.watch(), stack.worker()?.pid);
    let before = watch.read();
    let worker_mib = || memory_of(pid).map(|(now, _)| now).context("the worker is gone");
    let (begin, mut middle) = (worker_mib()?, None);
    let (mut worker, mut left) = (Connection::new(stack.worker()?.address), renewals.count);
    let halfway = renewals.first + (renewals.last - renewals.first) / 2;
    while left > 0 && renewals.last.elapsed() < RENEWED_WITHIN {
        sleep(LOOK_EVERY).await;
        left = renewals.count.saturating_sub(metric(&worker.page("/metrics").await?, CHARGED));
        if middle.is_none() && halfway < Instant::now() {
            middle = Some(worker_mib()?);
        }
    }
    let (took, end) = (renewals.first.elapsed(), worker_mib()?);
    let worker_mib = [begin, middle.unwrap_or(end), end];
    Ok(Made { took, cpu: watch.since(&before), left, worker_mib })
}

/// Its rate and its CPU time are those of renewals, and its latencies those of commands.
fn of(count: u64, made: &Made, alone: &Recording, beside: &Recording) -> Result<Sample> {
    let commands = Sample::of(beside, true, &CpuTimes::new());
    let mut sample = Sample::counted(count - made.left, made.took.as_secs_f64(), &made.cpu);
    (sample.latency, sample.errors) = (commands.latency, commands.errors);
    sample.invalid = commands.invalid;
    sample.note("longest_gap_ms", beside.longest_gap.as_secs_f64() * 1000.0);
    let alone = Latency::of(&alone.latencies).context("no command was answered")?;
    sample.note("p50_alone_ms", alone.p50);
    sample.note("p99_alone_ms", alone.p99);
    for (name, value) in ["begin", "middle", "end"].into_iter().zip(made.worker_mib) {
        sample.note(&format!("worker_mib_{name}"), value);
    }
    Ok(sample)
}
