//! What a decided command is answered with.

use super::view::{GiftView, RedemptionView, SubscriptionView, UserView};
use super::{Gift, Instant, JobId, Refusal, Subscription, User};
use serde::Serialize;

/// The "yes" of the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Success {
    /// A user was made.
    UserCreated(User),
    /// A subscription began.
    Subscribed(Subscription),
    /// A subscription was prolonged.
    Renewed(Subscription),
    /// A subscription was ended.
    Cancelled(Subscription),
    /// A gift was made.
    GiftCreated(Gift),
    /// A gift became time of a subscription.
    Redeemed {
        /// The gift.
        gift: Gift,
        /// The subscription that has its months.
        subscription: Subscription,
    },
}

/// The stored response: what the first request was answered with, and every replay will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 or 201, or that of a refusal.
    pub status: u16,
    /// The body, to the byte.
    pub body: String,
}

impl Answer {
    /// Whether the command was done, rather than refused.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status < 400
    }

    /// The answer to a decided command of `job`.
    #[must_use]
    pub fn of(job: JobId, result: &Result<Success, Refusal>, now: Instant) -> Self {
        match result {
            Ok(success) => success.answer(now),
            Err(refusal) => {
                let problem = refusal.problem().about_job(job);
                Self { status: problem.status, body: problem.to_json() }
            }
        }
    }
}

impl Success {
    /// The id of what was made or changed.
    #[must_use]
    pub const fn entity(&self) -> i64 {
        match self {
            Self::UserCreated(user) => user.id.0,
            Self::Subscribed(s) | Self::Renewed(s) | Self::Cancelled(s) => s.id.0,
            Self::GiftCreated(gift) | Self::Redeemed { gift, .. } => gift.id.0,
        }
    }

    fn answer(&self, now: Instant) -> Answer {
        match self {
            Self::UserCreated(user) => json(201, &UserView::from(user)),
            Self::Subscribed(s) => json(201, &SubscriptionView::at(s, now)),
            Self::Renewed(s) | Self::Cancelled(s) => json(200, &SubscriptionView::at(s, now)),
            Self::GiftCreated(gift) => json(201, &GiftView::at(gift, now)),
            Self::Redeemed { gift, subscription } => {
                json(200, &RedemptionView::of(gift, subscription))
            }
        }
    }
}

fn json(status: u16, view: &impl Serialize) -> Answer {
    // The views hold strings and numbers only: writing them cannot fail.
    Answer { status, body: serde_json::to_string(view).unwrap_or_default() }
}
