//! Writes a decision as the answer that is stored.

use crate::refusal;
use crate::view::{
    AdvancedClockView, GiftView, PaymentMethodView, PaymentView, PlanView, RedemptionView,
    RefundView, SubscriptionView, UserView,
};
use domain::{Answer, Answered, Entity, Instant, JobId, Outcome, Refusal, Success};
use serde::Serialize;

/// The answer to the command of `job`, decided at `now`.
#[must_use]
pub fn answer(job: JobId, result: &Result<Success, Refusal>, now: Instant) -> Answer {
    match result {
        Ok(success) => answer_success(success, now),
        Err(refusal) => {
            let problem = refusal::problem(refusal).about_job(job);
            Answer { status: problem.status, body: problem.to_json() }
        }
    }
}

/// The answer to the command of `job`, decided at `now`; `None` while an effect has to bring it.
#[must_use]
pub fn answered(job: JobId, outcome: &Outcome, now: Instant) -> Option<Answered> {
    Some(Answered { answer: answer(job, outcome.result()?, now), at: now })
}

pub(crate) fn answer_success(success: &Success, now: Instant) -> Answer {
    let status = match success {
        Success::Created(_) => 201,
        Success::Changed(_) => 200,
    };
    match success.entity() {
        Entity::User(user) => answer_with(status, &UserView::from(user)),
        Entity::Subscription(subscription) => {
            answer_with(status, &SubscriptionView::at(subscription, now))
        }
        Entity::Gift(gift) => answer_with(status, &GiftView::at(gift, now)),
        Entity::Purchase { subscription, payment, trial_used } => {
            let view = SubscriptionView::at(subscription, now).with_payment(payment.as_deref());
            answer_with(status, &view.with_trial_used(*trial_used))
        }
        Entity::GiftPurchase { gift, payment } => {
            answer_with(status, &GiftView::at(gift, now).with_payment(Some(payment)))
        }
        Entity::Payment(payment) => answer_with(status, &PaymentView::from(payment)),
        Entity::Method { method, is_default } => {
            answer_with(status, &PaymentMethodView::of(method, *is_default))
        }
        Entity::Refund(refund) => answer_with(status, &RefundView::from(refund)),
        Entity::Plan(plan) => answer_with(status, &PlanView::from(plan)),
        Entity::Clock(advanced) => answer_with(status, &AdvancedClockView::from(advanced)),
        Entity::Redemption { gift, subscription } => {
            answer_with(status, &RedemptionView::of(gift, subscription))
        }
    }
}

/// An answer with that status and a view as its body.
#[must_use]
pub fn answer_with(status: u16, view: &impl Serialize) -> Answer {
    // Views hold only strings, numbers and other views, so writing one cannot fail.
    Answer { status, body: serde_json::to_string(view).unwrap_or_default() }
}
