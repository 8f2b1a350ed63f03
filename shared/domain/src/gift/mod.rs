//! Gifts: months that one user gives to an email address.

mod give;
mod redeem;
mod state;

pub use state::{Gift, GiftState, GiftStatus};
