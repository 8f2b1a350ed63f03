//! Gifts.

pub(crate) mod get;
