//! Jobs.

pub(crate) mod get;
