//! The "no" of the trade: an outcome like any other, committed and replayed, never retried.
//! How each is written for clients is in `contract`.

use crate::{Instant, Plan, SubscriptionId, SubscriptionStatus};

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
