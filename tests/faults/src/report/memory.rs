//! The memory of the campaign itself, by what Linux says.

/// The resident memory, in megabytes; 0 where nobody says.
#[must_use]
pub fn now() -> u64 {
    of("VmRSS:")
}

/// The most that it ever was.
#[must_use]
pub fn most() -> u64 {
    of("VmHWM:")
}

fn of(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}
