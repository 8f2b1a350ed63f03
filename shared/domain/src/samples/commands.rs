//! Commands that name a user by id.

use super::{email, plan};
use crate::{CreateUser, GiftId, Give, Metadata, Redeem, Subscribe, UserId};

/// Makes a user who has nothing but that address.
#[must_use]
pub fn create_user(address: &str) -> CreateUser {
    CreateUser { email: email(address), external_id: None, metadata: Metadata::default() }
}

/// Starts a subscription of that user.
#[must_use]
pub fn subscribe(user: UserId, code: &str, duration_months: Option<u32>) -> Subscribe {
    let (user_id, plan) = (Some(user), plan(code));
    Subscribe { user_id, external_id: None, plan, duration_months, auto_renew: false, trial: None }
}

/// Gives months from that user to an address.
#[must_use]
pub fn give(gifter: UserId, to: &str, duration_months: Option<u32>) -> Give {
    let (gifter_id, recipient_email) = (Some(gifter), email(to));
    Give { gifter_id, gifter_external_id: None, recipient_email, plan: None, duration_months }
}

/// Has that user redeem a gift.
#[must_use]
pub const fn redeem(gift_id: GiftId, user: UserId) -> Redeem {
    Redeem { gift_id, user_id: Some(user), external_id: None }
}
