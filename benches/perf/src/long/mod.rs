//! What takes long: `--long`.

mod growth;
mod redis_memory;
mod sweep;

pub(crate) use growth::Growth;
pub(crate) use sweep::Sweep;

use crate::progress::Progress;
use crate::scenario::Bench;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What it found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Long {
    /// Commands so far, and the memory of Redis in MiB, with a short memory for replays.
    pub(crate) redis: Vec<(u64, f64)>,
    /// The cost of a write in a small and in a large database.
    pub(crate) growth: Vec<Growth>,
    /// Writes beside a sweep of very many rows.
    pub(crate) sweep: Option<Sweep>,
}

/// Seconds that it takes, roughly.
pub(crate) fn estimate(commands: u64, rows: i64) -> f64 {
    let rows = u64::try_from(rows).unwrap_or_default();
    crate::number::float(commands) / 8_000.0 * 2.0 + crate::number::float(rows) / 25_000.0 + 60.0
}

/// All of it; `saturation` is the rate of 64 clients, if it was measured. Nobody else uses the stack meanwhile.
pub(crate) async fn run(
    bench: &mut Bench,
    progress: &mut Progress,
    saturation: Option<f64>,
) -> Result<Long> {
    let commands = crate::number::float(bench.options.long_count);
    let mut long = Long::default();
    progress.begin("long: Redis over many commands", commands / 8_000.0);
    long.redis = redis_memory::run(bench).await?;
    progress.begin("long: a sweep of many rows beside writes", commands / 8_000.0);
    long.sweep = Some(sweep::run(bench, saturation).await?);
    progress.begin("long: writes in a small database", 20.0);
    let mut database = growth::begin(bench).await?;
    long.growth.push(growth::measure(bench, &mut database).await?);
    progress.begin("long: growing it", estimate(0, bench.options.growth_rows) - 60.0);
    growth::grow(bench, &mut database).await?;
    progress.begin("long: writes in a large database", 20.0);
    long.growth.push(growth::measure(bench, &mut database).await?);
    bench.stack.stop().await?;
    Ok(long)
}
