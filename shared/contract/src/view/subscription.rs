//! Subscriptions as clients see them.

use super::timestamp;
use domain::{Instant, Subscription, SubscriptionId, SubscriptionStatus, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A subscription as it is at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionView {
    id: SubscriptionId,
    user_id: UserId,
    plan: String,
    status: SubscriptionStatus,
    /// Null while it has not begun.
    #[schema(format = DateTime, required)]
    start_date: Option<String>,
    #[schema(format = DateTime, required)]
    end_date: Option<String>,
    #[schema(format = DateTime, required)]
    cancelled_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    plan_version: u32,
    /// Whether it is renewed at its end by itself.
    auto_renew: bool,
    /// Whether it is, or was, cancelled at its end. `cancelled_at` is when that was asked for.
    cancel_at_period_end: bool,
    #[schema(format = DateTime, required)]
    trial_end: Option<String>,
    /// The instant at which it expires if its renewal, which has failed, is not made good.
    #[schema(format = DateTime, required)]
    grace_until: Option<String>,
    #[schema(format = DateTime, required)]
    paused_at: Option<String>,
    #[schema(format = DateTime, required)]
    resume_at: Option<String>,
    /// What is left of its term while it is paused.
    #[schema(required)]
    remaining_seconds: Option<i64>,
    /// The change of plan that its renewal makes.
    #[schema(required)]
    scheduled_change: Option<ScheduledChangeView>,
    /// The payment of what was done. There is none as long as no payments are taken.
    #[schema(required, value_type = Option<Object>)]
    payment: Option<Value>,
}

/// A change of plan that is to come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduledChangeView {
    /// The code of the plan.
    #[schema(example = "monthly")]
    plan: String,
    #[schema(format = DateTime)]
    at: String,
}

/// The instants from and up to which a subscription runs; none if it has not begun.
pub(super) fn period(subscription: &Subscription) -> Option<(String, String)> {
    let Subscription { start_date, end_date, .. } = subscription;
    subscription.has_begun().then(|| (timestamp(*start_date), timestamp(*end_date)))
}

impl SubscriptionView {
    /// The subscription at `now`.
    #[must_use]
    pub fn at(subscription: &Subscription, now: Instant) -> Self {
        let subscription = subscription.as_of(now);
        let state = subscription.state.parts();
        let is_past_due = state.status == SubscriptionStatus::PastDue;
        let grace_until = is_past_due.then(|| timestamp(subscription.grace_end()));
        let change = subscription
            .scheduled_change()
            .map(|(next, at)| ScheduledChangeView { plan: next.code.clone(), at: timestamp(at) });
        let (start_date, end_date) = period(&subscription).unzip();
        let remaining_seconds = subscription.remaining().map(|remaining| remaining.num_seconds());
        Self {
            id: subscription.id,
            user_id: subscription.user,
            plan: subscription.plan,
            status: state.status,
            start_date,
            end_date,
            cancelled_at: state.cancelled_at.map(timestamp),
            created_at: timestamp(subscription.created_at),
            updated_at: timestamp(subscription.updated_at),
            plan_version: subscription.plan_version,
            auto_renew: subscription.auto_renew,
            cancel_at_period_end: state.cancel_at_period_end,
            trial_end: None,
            grace_until,
            paused_at: state.paused_at.map(timestamp),
            resume_at: state.resume_at.map(timestamp),
            remaining_seconds,
            scheduled_change: change,
            payment: None,
        }
    }
}
