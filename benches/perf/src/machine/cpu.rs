//! CPU time by component, from `/proc/PID/stat`.

use std::collections::BTreeMap;
use std::fs;

/// A tick of `/proc/PID/stat` in microseconds: `USER_HZ` is 100 on every Linux that we run on.
pub(super) const TICK_US: u64 = 10_000;

/// CPU time in microseconds by component: since their start, or in between.
pub(crate) type CpuTimes = BTreeMap<String, u64>;

/// Which processes make up which component.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    alone: Vec<(String, u32)>,
    families: Vec<(String, u32)>,
}

impl Watch {
    /// A process, without its children.
    pub(crate) fn process(&mut self, component: &str, pid: u32) {
        self.alone.push((component.to_owned(), pid));
    }

    /// A process with all its children, those that have ended too.
    pub(crate) fn family(&mut self, component: &str, pid: u32) {
        self.families.push((component.to_owned(), pid));
    }

    /// What each has used so far.
    pub(crate) fn read(&self) -> CpuTimes {
        let mut times = CpuTimes::new();
        for (component, pid) in &self.alone {
            let stat = stat_of(*pid).unwrap_or_default();
            *times.entry(component.clone()).or_default() += stat.own * TICK_US;
        }
        if !self.families.is_empty() {
            let all = all_stats();
            for (component, pid) in &self.families {
                let head = stat_of(*pid).unwrap_or_default();
                let living: u64 = all.iter().filter(|s| s.parent == *pid).map(|s| s.own).sum();
                let ticks = head.own + head.ended_children + living;
                *times.entry(component.clone()).or_default() += ticks * TICK_US;
            }
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

#[derive(Debug, Default, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn stat_of(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn all_stats() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(stat_of).collect()
}

/// The name may hold spaces and brackets: what counts comes after its last one.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_behind_the_name() {
        let text = "7 (a ) b) S 3 7 7 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 5 6 7";
        assert_eq!(parse(text), Some(Stat { parent: 3, own: 33, ended_children: 77 }));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn own_process_uses_time() {
        let mut watch = Watch::default();
        watch.process("self", std::process::id());
        let before = watch.read();
        crate::machine::spin();
        assert!(watch.since(&before)["self"] > 50_000);
    }
}
