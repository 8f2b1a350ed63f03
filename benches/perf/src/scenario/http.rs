//! Scenarios that speak HTTP.

use super::{Bench, SATURATION};
use crate::driver::{self, Drive, Extent, Load, Pace};
use crate::loads::{Get, Mixed, Replay, Subscribe, Users, Who};
use crate::machine::memory_of;
use crate::number::{count, float};
use crate::results::{Results, Sample};
use crate::stack::{READERS, Stack};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::time::sleep_until;

/// More than the product has ever answered in a second on a machine of two cores.
const RATE_MAX: u64 = 30_000;

/// The connections of an open loop.
const OPEN_CONNECTIONS: usize = 64;

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
    let (written, before) = (stack.written().await?, watch.read());
    if extent == Extent::UntilDone {
        let recording = running.recording().await?;
        return Ok(Sample::of(&recording, true, &watch.since(&before)));
    }
    sleep_until(window.to.into()).await;
    let cpu = watch.since(&before);
    let writes = stack.written().await?;
    let mut sample = Sample::of(&running.recording().await?, false, &cpu);
    for ((name, before), (_, after)) in written.into_iter().zip(writes) {
        let bytes = float(u64::try_from(after - before).unwrap_or_default());
        sample.figures.insert(name.to_owned(), bytes / float(sample.operations.max(1)));
    }
    Ok(sample)
}

/// Adds what the product's processes and Redis have in memory.
pub(crate) async fn memory(stack: &Stack, sample: &mut Sample) -> Result<()> {
    for name in ["api", "worker"] {
        let all = stack.programs_of(name).filter_map(|program| memory_of(program.pid()));
        if let Some(most) = all.max_by(|a, b| a.peak_mib.total_cmp(&b.peak_mib)) {
            sample.memory.insert(name.to_owned(), most);
        }
    }
    sample.figures.insert("redis_used_mib".to_owned(), stack.redis.used_mib().await?);
    Ok(())
}

impl Bench {
    fn extent(&self) -> Extent {
        Extent::Time(self.warm_up(), self.measured())
    }

    /// Enough users for a scenario of the usual length.
    async fn users(&mut self, rate: u64) -> Result<Users> {
        let time = self.warm_up() + self.measured() + Duration::from_secs(1);
        self.stack.database.users(i64::try_from(rate * time.as_secs())?).await
    }

    async fn closed(&self, connections: usize, load: Box<dyn Load>) -> Result<Sample> {
        let mut sample = drive(&self.stack, connections, Pace::Closed, self.extent(), load).await?;
        memory(&self.stack, &mut sample).await?;
        Ok(sample)
    }
}

pub(super) async fn subscribe(bench: &mut Bench, clients: usize) -> Result<Sample> {
    let (users, run) = (bench.users(RATE_MAX).await?, bench.next_run());
    let load = Subscribe { users, run, no_wait: false, left: None };
    bench.closed(clients, Box::new(load)).await
}

/// The echo knows no users.
pub(super) async fn echo(bench: &mut Bench, clients: usize) -> Result<Sample> {
    let users = Users::new(1, i64::MAX - 1);
    let load = Subscribe { users, run: bench.next_run(), no_wait: false, left: None };
    bench.closed(clients, Box::new(load)).await
}

pub(super) async fn open_loop(bench: &mut Bench, percent: u32, so_far: &Results) -> Result<Sample> {
    let last = so_far.valid(SATURATION).last();
    let saturation = last.context("the closed loop with 64 clients failed: no rate to go by")?.rate;
    let rate = saturation * f64::from(percent) / 100.0;
    let users = bench.users(count(rate * 1.2) + 1000).await?;
    let run = bench.next_run();
    let pace = Pace::Open { rate, seed: bench.options.seed.wrapping_add(u64::from(run)) };
    let load = Box::new(Subscribe { users, run, no_wait: false, left: None });
    let mut sample = drive(&bench.stack, OPEN_CONNECTIONS, pace, bench.extent(), load).await?;
    sample.figures.insert("offered_rate".to_owned(), rate);
    Ok(sample)
}

pub(super) async fn mixed(bench: &mut Bench, clients: usize) -> Result<Sample> {
    let (users, run) = (bench.users(RATE_MAX).await?, bench.next_run());
    bench.closed(clients, Box::new(Mixed::new(clients, users, run))).await
}

pub(super) async fn replay(bench: &mut Bench, clients: usize) -> Result<Sample> {
    let users = bench.stack.database.users(i64::try_from(clients)?).await?;
    let load = Replay::new(clients, &users, bench.next_run());
    bench.closed(clients, Box::new(load)).await
}

pub(super) async fn read(bench: &mut Bench, clients: usize) -> Result<Sample> {
    let load = Get::new(Who { first: 1, last: READERS }, bench.options.seed);
    bench.closed(clients, Box::new(load)).await
}
