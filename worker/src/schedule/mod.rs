//! What workers do at intervals, without a command of a client.

pub(crate) mod expiry;
pub(crate) mod ticks;
