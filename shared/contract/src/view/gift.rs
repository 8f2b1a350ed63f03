//! Gifts as clients see them.

use super::subscription::period;
use super::{PaymentView, timestamp};
use domain::{
    Gift, GiftId, GiftStatus, Instant, Payment, Subscription, SubscriptionId, SubscriptionState,
    UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A gift as it is at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct GiftView {
    id: GiftId,
    gifter_id: UserId,
    recipient_email: String,
    #[schema(required)]
    recipient_id: Option<UserId>,
    status: GiftStatus,
    duration_months: u32,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime, required)]
    redeemed_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The code of the plan that it gives.
    #[schema(example = "monthly")]
    plan: String,
    /// Its payment. It is there only if the gift has a price, and only in the answers to its
    /// purchase and to `GET /gifts/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView>,
}

impl GiftView {
    /// The gift at `now`.
    #[must_use]
    pub fn at(gift: &Gift, now: Instant) -> Self {
        let redemption = gift.state.redemption();
        Self {
            id: gift.id,
            gifter_id: gift.gifter,
            recipient_email: gift.recipient_email.as_str().to_owned(),
            recipient_id: redemption.map(|(recipient, _)| recipient),
            status: gift.effective_status(now),
            duration_months: gift.months,
            expires_at: timestamp(gift.expires_at),
            redeemed_at: redemption.map(|(_, at)| timestamp(at)),
            created_at: timestamp(gift.created_at),
            plan: gift.plan.clone(),
            payment: None,
        }
    }

    /// The gift with that payment.
    #[must_use]
    pub fn with_payment(self, payment: Option<&Payment>) -> Self {
        Self { payment: payment.map(PaymentView::from), ..self }
    }
}

/// The result of a redemption: the subscription and the gift.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedemptionView {
    subscription_id: SubscriptionId,
    gift_id: GiftId,
    status: GiftStatus,
    /// Null while the subscription waits.
    #[schema(format = DateTime, required)]
    start_date: Option<String>,
    #[schema(format = DateTime, required)]
    end_date: Option<String>,
    /// Whether the subscription waits for another one to end.
    queued: bool,
}

impl RedemptionView {
    /// The view of a redeemed gift and the subscription that received its months.
    #[must_use]
    pub fn of(gift: &Gift, subscription: &Subscription) -> Self {
        let (start_date, end_date) = period(subscription).unzip();
        Self {
            subscription_id: subscription.id,
            gift_id: gift.id,
            status: gift.state.status(),
            start_date,
            end_date,
            queued: subscription.state == SubscriptionState::Scheduled,
        }
    }
}
