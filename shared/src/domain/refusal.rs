//! The "no" of the business: an outcome like any other, committed and replayed, never retried.

use super::plan::Plan;
use super::problem::{Problem, ProblemKind};
use super::view::timestamp;
use super::{Instant, SubscriptionId, SubscriptionStatus};

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The client has no such user.
    UserNotFound,
    /// The client has no such user to give from.
    GifterNotFound,
    /// The client has no such subscription.
    SubscriptionNotFound,
    /// The client has no such gift.
    GiftNotFound,
    /// Another user of the client has that email.
    EmailTaken,
    /// The user has a running subscription.
    AlreadySubscribed {
        /// Which.
        subscription: SubscriptionId,
        /// Until when it runs.
        end_date: Instant,
    },
    /// The subscription has ended.
    SubscriptionNotActive {
        /// How it ended.
        current: SubscriptionStatus,
    },
    /// The gift was sent to another email.
    GiftNotRecipient,
    /// The gift has been redeemed.
    GiftAlreadyRedeemed,
    /// The gift was not redeemed in time.
    GiftExpired {
        /// When it expired.
        expired_at: Instant,
    },
    /// No such plan is on sale.
    UnknownPlan {
        /// What was asked for.
        plan: String,
    },
    /// The plan is sold in whole intervals only.
    DurationNotMultiple {
        /// The plan.
        plan: Plan,
        /// Its interval.
        interval_months: u32,
    },
    /// The subscription would end beyond the year 9999.
    TermTooLong,
}

impl Refusal {
    /// The kind of problem it is.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        match self {
            Self::UserNotFound => ProblemKind::UserNotFound,
            Self::GifterNotFound => ProblemKind::GifterNotFound,
            Self::SubscriptionNotFound => ProblemKind::SubscriptionNotFound,
            Self::GiftNotFound => ProblemKind::GiftNotFound,
            Self::EmailTaken => ProblemKind::EmailTaken,
            Self::AlreadySubscribed { .. } => ProblemKind::AlreadySubscribed,
            Self::SubscriptionNotActive { .. } => ProblemKind::SubscriptionNotActive,
            Self::GiftNotRecipient => ProblemKind::GiftNotRecipient,
            Self::GiftAlreadyRedeemed => ProblemKind::GiftAlreadyRedeemed,
            Self::GiftExpired { .. } => ProblemKind::GiftExpired,
            Self::UnknownPlan { .. } => ProblemKind::UnknownPlan,
            Self::DurationNotMultiple { .. } => ProblemKind::DurationNotMultiple,
            Self::TermTooLong => ProblemKind::TermTooLong,
        }
    }

    /// The document a client is shown.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let problem = |detail: &str| Problem::new(self.kind(), detail);
        match self {
            Self::UserNotFound => problem("No user has this id."),
            Self::GifterNotFound => problem("No user has the id given as gifter_id."),
            Self::SubscriptionNotFound => problem("No subscription has this id."),
            Self::GiftNotFound => problem("No gift has this id."),
            Self::EmailTaken => problem("Another user has this email address."),
            Self::AlreadySubscribed { subscription, end_date } => {
                problem("The user has an active subscription: renew that one instead.")
                    .with("subscription_id", subscription.0)
                    .with("end_date", timestamp(*end_date))
            }
            Self::SubscriptionNotActive { current } => {
                problem("Only an active subscription can be changed.")
                    .with("current_status", current.as_str())
            }
            Self::GiftNotRecipient => problem("The gift was sent to another email address."),
            Self::GiftAlreadyRedeemed => problem("A gift can be redeemed once."),
            Self::GiftExpired { expired_at } => {
                problem("The gift was not redeemed before it expired.")
                    .with("expired_at", timestamp(*expired_at))
            }
            Self::UnknownPlan { plan } => {
                let known = Plan::ALL.map(Plan::code).join(", ");
                problem(&format!("There is no plan {plan}; the plans are {known}."))
            }
            Self::DurationNotMultiple { plan, interval_months } => problem(&format!(
                "The {} plan is sold in multiples of {interval_months} months.",
                plan.code()
            )),
            Self::TermTooLong => problem("No subscription can end after the year 9999."),
        }
    }
}
