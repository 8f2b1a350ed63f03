//! Subscriptions as clients see them.

use super::timestamp;
use domain::{Instant, Subscription, SubscriptionId, SubscriptionStatus, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A subscription as it is at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionView {
    id: SubscriptionId,
    user_id: UserId,
    plan: String,
    status: SubscriptionStatus,
    #[schema(format = DateTime)]
    start_date: String,
    #[schema(format = DateTime)]
    end_date: String,
    #[schema(format = DateTime, required)]
    cancelled_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    plan_version: u32,
}

impl SubscriptionView {
    /// The subscription at `now`.
    #[must_use]
    pub fn at(subscription: &Subscription, now: Instant) -> Self {
        Self {
            id: subscription.id,
            user_id: subscription.user,
            plan: subscription.plan.clone(),
            status: subscription.effective_status(now),
            start_date: timestamp(subscription.start_date),
            end_date: timestamp(subscription.end_date),
            cancelled_at: subscription.state.cancelled_at().map(timestamp),
            created_at: timestamp(subscription.created_at),
            updated_at: timestamp(subscription.updated_at),
            plan_version: subscription.plan_version,
        }
    }
}
