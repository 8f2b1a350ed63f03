//! What the kernel of this machine tells: who used how much CPU and memory, and how noisy it was.

use crate::number::float;
use procfs::process::{Process, Stat, all_processes};
use procfs::{CurrentSI, KernelStats, ProcResult};
use std::collections::BTreeMap;

/// A tick in microseconds: it is a hundredth of a second on every Linux that we run on.
const TICK_US: u64 = 10_000;

/// All that the machine did, and its host beside it: no component.
pub(crate) const BUSY: &str = "busy";

/// CPU time in microseconds by component, and [`BUSY`]: since their start, or in between.
pub(crate) type CpuTimes = BTreeMap<&'static str, u64>;

/// Which processes make up which component: each without its children, or with all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Vec<(&'static str, u32, bool)>);

impl Watch {
    pub(crate) fn process(&mut self, component: &'static str, pid: u32) {
        self.0.push((component, pid, false));
    }

    pub(crate) fn family(&mut self, component: &'static str, pid: u32) {
        self.0.push((component, pid, true));
    }

    /// What each has used so far.
    pub(crate) fn read(&self) -> CpuTimes {
        let all = all_processes().into_iter().flatten();
        let all: Vec<Stat> = all.filter_map(|process| process.ok()?.stat().ok()).collect();
        let mut times = CpuTimes::from([(BUSY, TICK_US * busy_ticks().unwrap_or_default())]);
        for (component, pid, with_children) in &self.0 {
            let pid = pid.cast_signed();
            let ticks = all.iter().map(|stat| match stat.utime + stat.stime {
                own if stat.pid == pid && *with_children => own + of_ended_children(stat),
                own if stat.pid == pid || stat.ppid == pid && *with_children => own,
                _ => 0,
            });
            *times.entry(component).or_default() += TICK_US * ticks.sum::<u64>();
        }
        times
    }

    /// What each has used since `before`.
    pub(crate) fn since(&self, before: &CpuTimes) -> CpuTimes {
        let mut times = self.read();
        for (component, time) in &mut times {
            *time = time.saturating_sub(before.get(component).copied().unwrap_or_default());
        }
        times
    }
}

fn of_ended_children(stat: &Stat) -> u64 {
    u64::try_from(stat.cutime + stat.cstime).unwrap_or_default()
}

fn busy_ticks() -> ProcResult<u64> {
    let cpu = KernelStats::current()?.total;
    let others = [cpu.irq, cpu.softirq, cpu.steal].into_iter().flatten().sum::<u64>();
    Ok(cpu.user + cpu.nice + cpu.system + others)
}

/// The parent of a process.
pub(crate) fn parent_of(pid: i32) -> ProcResult<u32> {
    Ok(Process::new(pid)?.stat()?.ppid.cast_unsigned())
}

/// Resident memory of a process in MiB: now, and at most since its start.
pub(crate) fn memory_of(pid: u32) -> Option<(f64, f64)> {
    let status = Process::new(pid.cast_signed()).ok()?.status().ok()?;
    Some((float(status.vmrss?) / 1024.0, float(status.vmhwm?) / 1024.0))
}
