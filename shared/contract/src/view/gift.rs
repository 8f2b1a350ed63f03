//! Gifts as clients see them.

use super::timestamp;
use domain::{Gift, GiftStatus, Instant, Subscription};
use serde::Serialize;

/// A gift as it is at an instant.
#[derive(Debug, Serialize)]
pub struct GiftView {
    id: i64,
    gifter_id: i64,
    recipient_email: String,
    recipient_id: Option<i64>,
    status: GiftStatus,
    duration_months: u32,
    expires_at: String,
    redeemed_at: Option<String>,
    created_at: String,
}

impl GiftView {
    /// The gift at `now`.
    #[must_use]
    pub fn at(gift: &Gift, now: Instant) -> Self {
        let redemption = gift.state.redemption();
        Self {
            id: gift.id.get(),
            gifter_id: gift.gifter.get(),
            recipient_email: gift.recipient_email.as_str().to_owned(),
            recipient_id: redemption.map(|(recipient, _)| recipient.get()),
            status: gift.effective_status(now),
            duration_months: gift.months,
            expires_at: timestamp(gift.expires_at),
            redeemed_at: redemption.map(|(_, at)| timestamp(at)),
            created_at: timestamp(gift.created_at),
        }
    }
}

/// The result of a redemption: the subscription and the gift.
#[derive(Debug, Serialize)]
pub struct RedemptionView {
    subscription_id: i64,
    gift_id: i64,
    status: GiftStatus,
    start_date: String,
    end_date: String,
}

impl RedemptionView {
    /// The view of a redeemed gift and the subscription that received its months.
    #[must_use]
    pub fn of(gift: &Gift, subscription: &Subscription) -> Self {
        Self {
            subscription_id: subscription.id.get(),
            gift_id: gift.id.get(),
            status: gift.state.status(),
            start_date: timestamp(subscription.start_date),
            end_date: timestamp(subscription.end_date),
        }
    }
}
