//! What this machine is, and what else went on on it.

use crate::number::float;
use serde::{Deserialize, Serialize};
use std::fs;

/// The machine of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The model of its processor.
    pub(crate) cpu: String,
    /// How many of them.
    pub(crate) cpus: usize,
    /// The release of its kernel.
    pub(crate) kernel: String,
    /// The load average of a minute, before the run.
    pub(crate) load_at_start: f64,
}

impl Machine {
    /// This one.
    pub(crate) fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = text("/proc/cpuinfo");
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let cpu = model.and_then(|line| line.split_once(':')).map_or("unknown", |(_, name)| name);
        let load = text("/proc/loadavg");
        Self {
            cpu: cpu.trim().to_owned(),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_at_start: load.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default(),
        }
    }
}

/// Time that the host gave to others.
pub(crate) struct StealCounter {
    before: (u64, u64),
}

impl StealCounter {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self { before: read() }
    }

    /// The share of all CPU time that was stolen since, in percent.
    pub(crate) fn percent(&self) -> f64 {
        let (steal, total) = read();
        let stolen = float(steal.saturating_sub(self.before.0));
        100.0 * stolen / float(total.saturating_sub(self.before.1)).max(1.0)
    }
}

fn read() -> (u64, u64) {
    parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

/// (steal, total), in ticks. Guests are counted in user time already.
fn parse(stat: &str) -> (u64, u64) {
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = first.split_whitespace().skip(1).flat_map(str::parse).take(8).collect();
    (ticks.get(7).copied().unwrap_or_default(), ticks.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_the_eighth_number() {
        assert_eq!(parse("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n"), (8, 36));
        assert_eq!(parse(""), (0, 0));
    }
}
