//! Gifts: months that one user gives to an email address.

mod expire;
mod give;
mod give_paid;
mod granted;
mod redeem;
mod state;
mod take_back;

pub use expire::ExpireGift;
pub use give::Give;
pub(crate) use give_paid::gift_settled;
pub use redeem::Redeem;
pub use state::{Gift, GiftState, GiftStatus};
