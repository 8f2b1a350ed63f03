//! What workers do at intervals, without a command of a client.

pub(crate) mod clock;
pub(crate) mod expiry;
