//! What pgbench logs of every write.

use crate::number::float;
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use std::path::Path;
use std::time::Duration;

/// A write: when it was committed, in µs, and how long it took, in µs.
pub(super) type Write = (u64, u64);

/// All that are in the logs of a folder.
pub(super) fn read(folder: &Path) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("log") {
            let text = std::fs::read_to_string(entry.path())?;
            writes.extend(text.lines().filter_map(parse));
        }
    }
    Ok(writes)
}

/// A line is: client, number, latency in µs, script, seconds, microseconds.
fn parse(line: &str) -> Option<Write> {
    let fields: Vec<u64> = line.split(' ').filter_map(|field| field.parse().ok()).collect();
    match fields[..] {
        [_, _, latency, _, seconds, micros] => Some((seconds * 1_000_000 + micros, latency)),
        _ => None,
    }
}

/// The seconds after the warm-up, and the latencies of what was committed in them.
pub(super) fn after_warm_up(writes: &[Write], warm_up: Duration) -> Result<(f64, Histogram<u64>)> {
    let begin = writes.iter().map(|(at, latency)| at.saturating_sub(*latency)).min();
    let from = begin.context("pgbench logged nothing")? + u64::try_from(warm_up.as_micros())?;
    let to = writes.iter().map(|(at, _)| *at).max().unwrap_or(from);
    let mut latencies = Histogram::new_with_bounds(1, 120_000_000, 3)?;
    for (_, latency) in writes.iter().filter(|(at, _)| *at >= from) {
        latencies.saturating_record((*latency).max(1));
    }
    Ok((float(to.saturating_sub(from)) / 1e6, latencies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_after_the_warm_up_counts() {
        let text = "0 1 500 0 10 000500\n1 1 700 0 11 900000\n0 2 600 0 12 000000\nhalf a li";
        let writes: Vec<Write> = text.lines().filter_map(parse).collect();
        assert_eq!(writes.len(), 3);
        let (seconds, latencies) = after_warm_up(&writes, Duration::from_secs(1)).unwrap();
        assert!((seconds - 1.0).abs() < 1e-9);
        assert_eq!((latencies.len(), latencies.min()), (2, 600));
        assert!(after_warm_up(&[], Duration::ZERO).is_err());
    }
}
