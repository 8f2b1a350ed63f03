//! Does a sweep of very many due rows hold up writes?

use super::SATURATION;
use crate::bench::Bench;
use crate::driver::{Connection, Drive, Extent, Pace, start};
use crate::loads::subscribe;
use crate::machine::CpuTimes;
use crate::results::Sample;
use crate::stack::{Servers, Stack, metric};
use anyhow::{Result, ensure};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Arrivals beside it, as a share of what 64 clients reached in a closed loop.
const SHARE: f64 = 0.4;
/// The same in arrivals a second, if that was not measured.
const RATE: f64 = 2_000.0;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Writes before the sweep begins, and after it has ended.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(3);
const SWEPT_WITHIN: Duration = Duration::from_mins(2);
/// More than are written meanwhile.
const USERS: u64 = 1_500_000;
const SWEPT: &str = "commerce_sweep_rows_total{kind=\"subscription\"}";

/// Has rows become due, all at one instant, while writes go on at a fixed rate.
pub(super) async fn run(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    let rows = bench.options.long_count;
    let due = make_rows(stack, rows).await?;
    stack.tuning = vec![("SWEEP_INTERVAL_SECONDS", "1".to_owned())];
    stack.need(Servers::Product(1)).await?;
    let users = stack.database.users(USERS).await?;
    ensure!(Instant::now() + BEFORE < due, "making rows took too long");
    sleep_until(due - BEFORE).await;
    let run = bench.next_run();
    let saturation = stack.samples.spread(SATURATION, |sample| Some(sample.rate));
    let rate = saturation.map_or(RATE, |rate| rate.median * SHARE);
    let mut running = start(Drive {
        address: stack.address()?,
        connections: clients,
        pace: Pace::Open { rate, seed: run.into() },
        extent: Extent::Time(Duration::ZERO, BEFORE + SWEPT_WITHIN + AFTER),
        load: subscribe(users, run),
    })
    .await?;
    sleep_until(due).await;
    // By the worker's own metrics.
    let (mut worker, mut left) = (Connection::new(stack.worker()?.address), rows);
    while left > 0 && due.elapsed() < SWEPT_WITHIN {
        sleep(LOOK_EVERY).await;
        left = rows.saturating_sub(metric(&worker.page("/metrics").await?, SWEPT));
    }
    let seconds = due.elapsed().as_secs_f64();
    sleep(AFTER).await;
    running.stop();
    let recording = running.recording().await?;
    stack.tuning.clear();
    stack.stop().await?;
    let mut sample = Sample::of(&recording, true, &CpuTimes::new());
    sample.note("sweep_seconds", seconds);
    sample.note("longest_gap_ms", recording.longest_gap.as_secs_f64() * 1000.0);
    // A sweep that did not end proves nothing.
    let unswept = (left > 0).then(|| format!("{left} rows are due after {SWEPT_WITHIN:?}"));
    sample.invalid = sample.invalid.or(unswept);
    Ok(sample)
}

/// Makes subscriptions that are due at the instant returned.
async fn make_rows(stack: &mut Stack, rows: u64) -> Result<Instant> {
    let first = stack.database.users(rows).await?.next();
    let last = first + i64::try_from(rows)? - 1;
    // Longer than it takes to make so many rows.
    let within = 30 + rows / 10_000;
    let now: i64 = stack.database.value("SELECT extract(epoch FROM now())::bigint").await?;
    let due = Instant::now() + Duration::from_secs(within);
    let due_at = now + i64::try_from(within)?;
    let sql = include_str!("../../sql/due.sql").replace("{due_at}", &due_at.to_string());
    let sql = sql.replace("{first}", &first.to_string()).replace("{last}", &last.to_string());
    stack.database.fill(&sql).await?;
    stack.database.skip_to(last + 1);
    stack.database.checkpoint().await?;
    Ok(due)
}
