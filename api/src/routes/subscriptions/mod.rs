//! Subscriptions.

pub(crate) mod cancel;
pub(crate) mod list;
pub(crate) mod renew;
pub(crate) mod subscribe;
