//! A stack that nobody asks anything.

use super::{Bench, REST_SECONDS};
use crate::machine::CpuTimes;
use crate::results::Sample;
use anyhow::Result;
use std::time::Duration;

/// What the housekeeping leaves behind dies down, such as its own connections.
const SETTLE: Duration = Duration::from_secs(2);

/// Its operations are seconds, so that its CPU time is in microseconds a second.
pub(super) async fn run(bench: &mut Bench) -> Result<Sample> {
    // What is left of the scenarios before is done now: else it would be done by and by.
    for database in [&bench.stack.database, &bench.ours, &bench.originals] {
        database.execute("VACUUM ANALYZE").await?;
    }
    bench.ours.checkpoint().await?;
    tokio::time::sleep(SETTLE).await;
    let watch = bench.stack.watch();
    let before = watch.read();
    tokio::time::sleep(Duration::from_secs(REST_SECONDS)).await;
    let mut cpu: CpuTimes = watch.since(&before);
    cpu.remove("load");
    let mut sample = Sample::counted(REST_SECONDS, crate::number::float(REST_SECONDS), &cpu);
    let percent = sample.cpu_total_us() / 10_000.0;
    sample.figures.insert("percent_of_a_core".to_owned(), percent);
    super::memory(&bench.stack, &mut sample).await?;
    Ok(sample)
}
