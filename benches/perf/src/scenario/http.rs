//! Scenarios that speak HTTP.

use super::{SATURATION, Scenario, Work};
use crate::bench::Bench;
use crate::driver::{self, Drive, Extent, Load, Pace};
use crate::loads::{Mixed, Users, buy, read, replay, subscribe};
use crate::machine::memory_of;
use crate::results::Sample;
use crate::stack::{READERS, Servers, Stack};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::time::sleep_until;

/// Everything is in its stride after this.
pub(super) const WARM_UP: Duration = Duration::from_secs(1);

/// More than the product has ever written in a second on a machine of two cores.
pub(super) const RATE_MAX: u64 = 30_000;

/// Drives the server of the stack and books who used how much CPU while it counted.
pub(crate) async fn drive(
    stack: &Stack,
    connections: usize,
    pace: Pace,
    extent: Extent,
    load: Box<dyn Load>,
) -> Result<Sample> {
    let (address, watch) = (stack.address()?, stack.watch());
    let running = driver::start(Drive { address, connections, pace, extent, load }).await?;
    let window = running.window;
    sleep_until(window.from.into()).await;
    let before = watch.read();
    let until_done = matches!(extent, Extent::Requests(_));
    let mut sample = if until_done {
        let recording = running.recording().await?;
        Sample::of(&recording, true, &watch.since(&before))
    } else {
        sleep_until(window.to.into()).await;
        let cpu = watch.since(&before);
        Sample::of(&running.recording().await?, false, &cpu)
    };
    memory(stack, &mut sample)?;
    Ok(sample)
}

/// Adds what the programs and Redis have in memory.
pub(super) fn memory(stack: &Stack, sample: &mut Sample) -> Result<()> {
    for program in &stack.running {
        if let Some((now, peak)) = memory_of(program.pid) {
            sample.note(&format!("{}_mib", program.component), now);
            sample.note(&format!("{}_peak_mib", program.component), peak);
        }
    }
    sample.note("redis_mib", stack.redis.used_mib()?);
    Ok(())
}

pub(super) async fn run(
    bench: &mut Bench,
    stack: &mut Stack,
    scenario: &Scenario,
) -> Result<Sample> {
    let (clients, run, seconds) = (scenario.clients, bench.next_run(), bench.options.seconds);
    let users = match scenario.servers {
        // It knows no users.
        Servers::Reference("echo") => Users::new(1, i64::MAX - 1),
        _ => stack.database.users(RATE_MAX * (seconds + 2)).await?,
    };
    if scenario.work == Work::Buy {
        stack.database.execute(include_str!("../../sql/payers.sql")).await?;
    }
    let extent = Extent::Time(WARM_UP, Duration::from_secs(seconds));
    let mut pace = Pace::Closed;
    if let Work::Open(share) = scenario.work {
        let last = stack.samples.valid(SATURATION).last();
        let last = last.context("the closed loop with 64 clients failed: no rate to go by")?;
        pace = Pace::Open { rate: last.rate * share, seed: run.into() };
    }
    let load = match scenario.work {
        Work::Mixed => Box::new(Mixed::new(users, run, clients)),
        Work::Replay => replay(&users, run, clients),
        Work::Buy => buy(users, run),
        Work::Read => read(1..=READERS, run.into()),
        _ => subscribe(users, run),
    };
    drive(stack, clients, pace, extent, load).await
}
