//! Subscriptions as clients see them.

use super::{PaymentView, timestamp};
use domain::{Instant, Payment, Subscription, SubscriptionId, SubscriptionStatus, UserId};
use serde::Serialize;
use std::ops::Not;
use utoipa::ToSchema;

/// A subscription as it is at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionView {
    id: SubscriptionId,
    user_id: UserId,
    plan: String,
    status: SubscriptionStatus,
    /// Null while it has not begun, and for ever if it was never paid.
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
    /// The instant up to which it costs nothing, or cost nothing, if it began with a trial.
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
    /// The change of plan that is to come at its end.
    #[schema(required)]
    scheduled_change: Option<ScheduledChangeView>,
    /// The payment of what was done; null if it cost nothing. A list has only those that are waited
    /// for.
    #[schema(required)]
    payment: Option<PaymentView>,
    /// Whether the trial of the plan could not be had again. It is there only if so, and only in
    /// the answer to a purchase.
    #[serde(skip_serializing_if = "Not::not")]
    #[schema(required = false)]
    trial_used: bool,
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
            trial_end: subscription.trial_end.map(timestamp),
            grace_until,
            paused_at: state.paused_at.map(timestamp),
            resume_at: state.resume_at.map(timestamp),
            remaining_seconds,
            scheduled_change: change,
            payment: None,
            trial_used: false,
        }
    }

    /// The subscription with that payment.
    #[must_use]
    pub fn with_payment(self, payment: Option<&Payment>) -> Self {
        Self { payment: payment.map(PaymentView::from), ..self }
    }

    /// The subscription as it was bought: its plan has a trial that the user has had, or not.
    #[must_use]
    pub fn with_trial_used(self, trial_used: bool) -> Self {
        Self { trial_used, ..self }
    }
}
