//! Subscriptions as clients see them.

use super::timestamp;
use domain::{Instant, Subscription, SubscriptionStatus};
use serde::Serialize;

/// A subscription as it is at an instant.
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
            id: subscription.id.get(),
            user_id: subscription.user.get(),
            plan: subscription.plan.clone(),
            status: subscription.effective_status(now),
            start_date: timestamp(subscription.start_date),
            end_date: timestamp(subscription.end_date),
            cancelled_at: subscription.state.cancelled_at().map(timestamp),
            created_at: timestamp(subscription.created_at),
            updated_at: timestamp(subscription.updated_at),
        }
    }
}
