//! A stack that nobody asks anything.

use super::{Bench, REST_SECONDS};
use crate::machine::CpuTimes;
use crate::results::Sample;
use anyhow::Result;
use std::time::Duration;

/// Its operations are seconds, so that its CPU time is in microseconds a second.
pub(super) async fn run(bench: &mut Bench) -> Result<Sample> {
    let watch = bench.stack.watch();
    // What came before, such as a checkpoint, dies down.
    tokio::time::sleep(Duration::from_secs(1)).await;
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
