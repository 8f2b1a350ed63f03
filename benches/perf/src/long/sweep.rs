//! Does a sweep of very many due rows hold up writes?

use crate::driver::{Connection, Drive, Extent, Load, Pace, Reply, start};
use crate::loads::Subscribe;
use crate::machine::CpuTimes;
use crate::results::{Latency, Sample, slot_seconds};
use crate::scenario::Bench;
use crate::stack::Servers;
use anyhow::{Context, Result};
use chrono::TimeDelta;
use e2e::Settings;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Arrivals beside it, as a share of what 64 clients reached in a closed loop.
const SHARE: f64 = 0.4;
/// The same in arrivals a second, if that was not measured.
const RATE: f64 = 2_000.0;
const CONNECTIONS: usize = 64;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Writes before the sweep begins, to compare with.
const BEFORE: Duration = Duration::from_secs(5);
/// Writes after it has ended, likewise.
const AFTER: Duration = Duration::from_secs(3);
const WITHIN: Duration = Duration::from_mins(2);

/// Writes beside a sweep.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// Rows that were due.
    pub(crate) rows: u64,
    /// How long it took to mark them, in seconds.
    pub(crate) seconds: f64,
    /// The writes' rate.
    pub(crate) rate: f64,
    /// Their latency over the whole time.
    pub(crate) latency: Latency,
    /// The longest time without an answer to any of them, in ms, to a tenth of a second.
    pub(crate) longest_gap_ms: f64,
    /// Seconds since the first write, and rows that were due yet.
    pub(crate) due: Vec<(f64, u64)>,
    /// Every tenth of a second: answers, and their p99 in ms.
    pub(crate) timeline: Vec<(u64, f64)>,
    /// What went wrong.
    pub(crate) invalid: Option<String>,
}

/// Has rows become due, all at one instant, while writes go on at a fixed rate.
pub(super) async fn run(bench: &mut Bench, saturation: Option<f64>) -> Result<Sweep> {
    let rows = bench.options.long_count;
    bench.stack.stop().await?;
    bench.stack.tuning = Settings::default().with("SWEEP_INTERVAL_SECONDS", 1);
    let users = bench.stack.database.users(i64::try_from(rows)?).await?;
    let (first, last) = (users.next(), users.next() + i64::try_from(rows)? - 1);
    let due_at = shared::clock::now() + patience(rows)?;
    bench.stack.database.execute(&due_soon(first, last, due_at)).await?;
    bench.stack.database.skip_to(last + 1);
    bench.stack.database.checkpoint().await?;
    bench.stack.need(Servers::Product { workers: 1 }).await?;
    let users = bench.stack.database.users(1_500_000).await?;
    sleep_until_due(due_at, BEFORE).await.context("making rows took too long")?;
    let load = Subscribe { users, run: bench.next_run(), no_wait: false, left: None };
    let over = Arc::new(AtomicBool::new(false));
    let load = UntilOver { load, over: Arc::clone(&over) };
    let drive = Drive {
        address: bench.stack.address()?,
        connections: CONNECTIONS,
        pace: Pace::Open {
            rate: saturation.map_or(RATE, |rate| rate * SHARE),
            seed: bench.options.seed,
        },
        extent: Extent::Time(Duration::ZERO, WITHIN),
        load: Box::new(load),
    };
    let running = start(drive).await?;
    let begun = running.window.from;
    sleep_until_due(due_at, Duration::ZERO).await?;
    let due = watch(bench, rows, begun).await?;
    tokio::time::sleep(AFTER).await;
    over.store(true, Ordering::Relaxed);
    let recording = running.recording().await?;
    bench.stack.stop().await?;
    bench.stack.tuning = Settings::default();
    let sample = Sample::of(&recording, true, &CpuTimes::new());
    Ok(of(rows, &sample, due))
}

/// Writes that end when the sweep has.
struct UntilOver {
    load: Subscribe,
    over: Arc<AtomicBool>,
}

impl Load for UntilOver {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool {
        !self.over.load(Ordering::Relaxed) && self.load.next(connection, request)
    }

    fn answered(&mut self, connection: usize, reply: Reply<'_>) -> bool {
        self.load.answered(connection, reply)
    }
}

/// Longer than it takes to make so many rows.
fn patience(rows: u64) -> Result<TimeDelta> {
    Ok(TimeDelta::seconds(i64::try_from(30 + rows / 10_000)?))
}

/// Until so long before that instant; an error when it is past.
async fn sleep_until_due(due_at: shared::domain::Instant, before: Duration) -> Result<()> {
    let left = (due_at - shared::clock::now()).to_std().unwrap_or_default();
    let left = left.checked_sub(before).context("the rows are due already")?;
    tokio::time::sleep(left).await;
    Ok(())
}

fn due_soon(first: i64, last: i64, due_at: shared::domain::Instant) -> String {
    let due_at = due_at.to_rfc3339();
    format!(
        "INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date,
                                    created_at, updated_at)
         SELECT id, 'monthly', 'active', 1, now() - interval '1 month', '{due_at}', now(), now()
         FROM generate_series({first}, {last}) AS id"
    )
}

/// Follows the sweep by the worker's own metrics.
async fn watch(bench: &Bench, rows: u64, begun: Instant) -> Result<Vec<(f64, u64)>> {
    let page = bench.stack.programs_of("worker").next().context("no worker")?.address;
    let mut connection = Connection::new(page);
    let mut due = vec![(begun.elapsed().as_secs_f64(), rows)];
    while begun.elapsed() < WITHIN && due.last().is_some_and(|(_, left)| *left > 0) {
        let reply = connection.ask(b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n").await?;
        let swept = swept(&String::from_utf8_lossy(reply.body));
        due.push((begun.elapsed().as_secs_f64(), rows.saturating_sub(swept)));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(due)
}

fn swept(metrics: &str) -> u64 {
    let name = "commerce_sweep_rows_total{kind=\"subscription\"} ";
    let value = metrics.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

fn of(rows: u64, sample: &Sample, due: Vec<(f64, u64)>) -> Sweep {
    let begin = due.first().map_or(0.0, |(at, _)| *at);
    let end = due.last().map_or(0.0, |(at, _)| *at);
    let unswept = due.last().filter(|(_, left)| *left > 0);
    let unswept = unswept.map(|(_, left)| format!("{left} rows are due after {WITHIN:?}"));
    Sweep {
        rows,
        seconds: end - begin,
        rate: sample.rate,
        latency: sample.latency.unwrap_or_default(),
        longest_gap_ms: longest_gap_ms(&sample.timeline),
        due,
        timeline: sample.timeline.clone(),
        invalid: sample.invalid.clone().or(unswept),
    }
}

/// The longest row of slots without an answer.
fn longest_gap_ms(timeline: &[(u64, f64)]) -> f64 {
    let (mut longest, mut current) = (0.0_f64, 0.0);
    for (answers, _) in timeline {
        current = if *answers == 0 { current + slot_seconds() * 1000.0 } else { 0.0 };
        longest = longest.max(current);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gap_is_as_long_as_its_slots() {
        let timeline = [(5, 1.0), (0, 0.0), (0, 0.0), (3, 1.0), (0, 0.0)];
        assert!((longest_gap_ms(&timeline) - 200.0).abs() < 1e-6);
    }

    #[test]
    fn swept_rows_are_read_from_the_metrics() {
        let text = "# x\ncommerce_sweep_rows_total{kind=\"gift\"} 2\n\
                    commerce_sweep_rows_total{kind=\"subscription\"} 41\n";
        assert_eq!(swept(text), 41);
    }
}
