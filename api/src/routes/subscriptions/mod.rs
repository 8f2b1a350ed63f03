//! Subscriptions.

pub(crate) mod list;
