//! Resident memory of a process.

use serde::{Deserialize, Serialize};

/// Resident memory, in MiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) now_mib: f64,
    /// At most since its start.
    pub(crate) peak_mib: f64,
}

/// What `/proc/PID/status` says; nothing of a process that is gone.
pub(crate) fn memory_of(pid: u32) -> Option<Memory> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse(status: &str) -> Option<Memory> {
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    };
    Some(Memory { now_mib: mib("VmRSS:")?, peak_mib: mib("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_mib() {
        let text = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(parse(text), Some(Memory { now_mib: 1.0, peak_mib: 2.0 }));
        assert_eq!(parse("Name:\tx\n"), None);
    }
}
