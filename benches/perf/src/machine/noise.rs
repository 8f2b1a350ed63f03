//! What this machine is, and what else went on on it.

use super::cpu::{CpuTimes, TICK_US, Watch};
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

/// Where the CPU time of the machine goes.
pub(crate) struct Noise {
    before: Ticks,
    ours: Watch,
    ours_before: CpuTimes,
}

impl Noise {
    /// From now on; what `ours` use is none.
    pub(crate) fn start(ours: Watch) -> Self {
        let ours_before = ours.read();
        Self { before: read(), ours, ours_before }
    }

    /// The share of all CPU time that the host has given to others since, in percent.
    pub(crate) fn steal_percent(&self) -> f64 {
        let now = read();
        percent(now.steal - self.before.steal, now.total - self.before.total)
    }

    /// The share of all CPU time that other processes of this machine have used since, in percent.
    pub(crate) fn others_percent(&self) -> f64 {
        let now = read();
        let ours: u64 = self.ours.since(&self.ours_before).values().sum();
        let others = (now.busy - self.before.busy).saturating_sub(ours / TICK_US);
        percent(others, now.total - self.before.total)
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * float(part) / float(whole).max(1.0)
}

/// CPU time of all processors since the boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    steal: u64,
    total: u64,
}

fn read() -> Ticks {
    parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

/// The first line: user, nice, system, idle, waiting for disks, two kinds of interrupts, stolen.
/// Guests are counted in user time already.
fn parse(stat: &str) -> Ticks {
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = first.split_whitespace().skip(1).flat_map(str::parse).take(8).collect();
    let at = |place: usize| ticks.get(place).copied().unwrap_or_default();
    let total = ticks.iter().sum();
    Ticks { busy: total - at(3) - at(4) - at(7), steal: at(7), total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_stolen_time_is_not_busy() {
        let ticks = parse("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n");
        assert_eq!(ticks, Ticks { busy: 19, steal: 8, total: 36 });
        assert_eq!(parse("").total, 0);
    }

    #[test]
    fn what_is_ours_is_no_noise() {
        let mut ours = Watch::default();
        ours.family("us", std::process::id());
        let noise = Noise::start(ours);
        crate::machine::spin();
        assert!(noise.others_percent() <= 100.0 && noise.steal_percent() <= 100.0);
    }
}
