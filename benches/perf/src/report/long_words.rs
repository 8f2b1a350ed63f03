//! What `--long` found, in words.

use crate::long::{Long, Sweep};
use crate::number::shown;
use std::fmt::Write;

/// Nothing if there is nothing.
pub(super) fn write(text: &mut String, long: &Long) -> std::fmt::Result {
    if !long.growth.is_empty() {
        writeln!(text, "\n## Growth\n\n| Rows | a second | p50 ms | p99 ms | CPU µs a write |")?;
        writeln!(text, "|--:|--:|--:|--:|--:|")?;
    }
    for growth in &long.growth {
        let latency = growth.sample.latency.unwrap_or_default();
        let cpu = growth.sample.cpu_us.iter();
        let parts: Vec<String> = cpu.map(|(name, us)| format!("{name} {}", shown(*us))).collect();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} ({}) |",
            growth.rows,
            shown(growth.sample.rate),
            shown(latency.p50),
            shown(latency.p99),
            shown(growth.sample.cpu_total_us()),
            parts.join(", ")
        )?;
    }
    long.sweep.as_ref().map_or(Ok(()), |sweep| write_sweep(text, sweep))
}

fn write_sweep(text: &mut String, sweep: &Sweep) -> std::fmt::Result {
    writeln!(
        text,
        "\n## Sweep\n\n{} due rows were marked in {} s, while {} writes a second went on with \
             p50 {} ms, p99 {} ms, at most {} ms; the longest time without an answer was {} ms. {}",
        sweep.rows,
        shown(sweep.seconds),
        shown(sweep.rate),
        shown(sweep.latency.p50),
        shown(sweep.latency.p99),
        shown(sweep.latency.max),
        shown(sweep.longest_gap_ms),
        sweep.invalid.as_deref().unwrap_or_default()
    )
}
