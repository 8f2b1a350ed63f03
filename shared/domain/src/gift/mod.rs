//! Gifts: months that one user gives to an email address.

mod expire;
mod give;
mod granted;
mod redeem;
mod state;

pub use expire::ExpireGift;
pub use give::Give;
pub use redeem::Redeem;
pub use state::{Gift, GiftState, GiftStatus};
