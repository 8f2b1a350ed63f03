//! Writes a decision as the answer that is stored.

use crate::refusal;
use crate::view::{GiftView, RedemptionView, SubscriptionView, UserView};
use domain::{Answer, Instant, JobId, Refusal, Success};
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

fn answer_success(success: &Success, now: Instant) -> Answer {
    match success {
        Success::UserCreated(user) => answer_with(201, &UserView::from(user)),
        Success::Subscribed(s) => answer_with(201, &SubscriptionView::at(s, now)),
        Success::Renewed(s) | Success::Cancelled(s) => {
            answer_with(200, &SubscriptionView::at(s, now))
        }
        Success::GiftCreated(gift) => answer_with(201, &GiftView::at(gift, now)),
        Success::Redeemed { gift, subscription } => {
            answer_with(200, &RedemptionView::of(gift, subscription))
        }
    }
}

/// An answer with that status and a view as its body.
#[must_use]
pub fn answer_with(status: u16, view: &impl Serialize) -> Answer {
    // Views hold only strings and numbers, so writing one cannot fail.
    Answer { status, body: serde_json::to_string(view).unwrap_or_default() }
}
