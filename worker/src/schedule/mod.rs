//! What workers do by time.

pub(crate) mod clock;
pub(crate) mod expiry;
