//! What clients are shown of users, subscriptions and gifts: the members of the contract, in its
//! order.

use super::{Gift, GiftStatus, Instant, Subscription, SubscriptionStatus, User};
use chrono::SecondsFormat;
use serde::Serialize;

/// An instant as clients see it: RFC 3339, UTC, microseconds.
#[must_use]
pub fn timestamp(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A user.
#[derive(Debug, Serialize)]
pub struct UserView {
    id: i64,
    email: String,
    created_at: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            email: user.email.as_str().to_owned(),
            created_at: timestamp(user.created_at),
        }
    }
}

/// A subscription as it is at some instant.
#[derive(Debug, Serialize)]
pub struct SubscriptionView {
    id: i64,
    user_id: i64,
    plan: String,
    status: SubscriptionStatus,
    start_date: String,
    end_date: String,
    cancelled_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl SubscriptionView {
    /// The subscription at `now`.
    #[must_use]
    pub fn at(subscription: &Subscription, now: Instant) -> Self {
        Self {
            id: subscription.id.0,
            user_id: subscription.user.0,
            plan: subscription.plan.clone(),
            status: subscription.effective_status(now),
            start_date: timestamp(subscription.start_date),
            end_date: timestamp(subscription.end_date),
            cancelled_at: subscription.cancelled_at.map(timestamp),
            created_at: timestamp(subscription.created_at),
            updated_at: timestamp(subscription.updated_at),
        }
    }
}

/// A gift as it is at some instant.
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
        Self {
            id: gift.id.0,
            gifter_id: gift.gifter.0,
            recipient_email: gift.recipient_email.as_str().to_owned(),
            recipient_id: gift.recipient.map(|user| user.0),
            status: gift.effective_status(now),
            duration_months: gift.months,
            expires_at: timestamp(gift.expires_at),
            redeemed_at: gift.redeemed_at.map(timestamp),
            created_at: timestamp(gift.created_at),
        }
    }
}

/// What a redemption gave.
#[derive(Debug, Serialize)]
pub struct RedemptionView {
    subscription_id: i64,
    gift_id: i64,
    status: GiftStatus,
    start_date: String,
    end_date: String,
}

impl RedemptionView {
    /// The subscription that the gift's months went to.
    #[must_use]
    pub fn of(gift: &Gift, subscription: &Subscription) -> Self {
        Self {
            subscription_id: subscription.id.0,
            gift_id: gift.id.0,
            status: gift.status,
            start_date: timestamp(subscription.start_date),
            end_date: timestamp(subscription.end_date),
        }
    }
}
