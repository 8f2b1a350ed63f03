//! Gifts.

pub(crate) mod get;
pub(crate) mod give;
pub(crate) mod redeem;
