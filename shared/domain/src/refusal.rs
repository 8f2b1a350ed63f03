//! The refusals of the business rules. A refusal is an outcome like any other: it is committed and
//! replayed, and never retried. `contract` writes refusals for clients.

use crate::{Instant, SubscriptionId, SubscriptionStatus, UserId};

/// The reason why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The client has no such user.
    UserNotFound,
    /// The client has no user with the id of the giver.
    GifterNotFound,
    /// The client has no such subscription.
    SubscriptionNotFound,
    /// The client has no such gift.
    GiftNotFound,
    /// The client has no such plan.
    PlanNotFound,
    /// Another user of the client has that email.
    EmailTaken,
    /// Another user of the client has that external id.
    ExternalIdTaken {
        /// That user.
        user: UserId,
    },
    /// The user has a running subscription.
    AlreadySubscribed {
        /// The running subscription.
        subscription: SubscriptionId,
        /// The end of the running subscription.
        end_date: Instant,
    },
    /// The subscription is in a state in which it cannot be changed so.
    SubscriptionNotActive {
        /// The state in which it is.
        current: SubscriptionStatus,
    },
    /// The subscription is not to be cancelled at its end, or has ended.
    NotCancelling,
    /// The subscription is to be cancelled at its end.
    SubscriptionCancelling,
    /// The subscription does not stand still.
    SubscriptionNotPaused {
        /// The state in which it is.
        current: SubscriptionStatus,
    },
    /// The date lies in the past, or more than a year ahead.
    DateOutOfRange {
        /// The member of the body.
        member: &'static str,
    },
    /// The end of an imported subscription is no number of months after its anchor.
    EndNotOnAnchor,
    /// The imported subscription has ended.
    EndInPast,
    /// The gift was sent to another email.
    GiftNotRecipient,
    /// The gift has been redeemed.
    GiftAlreadyRedeemed,
    /// The gift was not redeemed in time.
    GiftExpired {
        /// The instant at which it expired.
        expired_at: Instant,
    },
    /// The client has no such plan to sell.
    UnknownPlan {
        /// The requested plan.
        plan: String,
        /// Plans on sale, the oldest first.
        on_sale: Vec<String>,
        /// Whether there are more of them.
        more: bool,
    },
    /// The plan is not sold any more.
    PlanRetired {
        /// The requested plan.
        plan: String,
    },
    /// The plan is sold in whole intervals only.
    DurationNotMultiple {
        /// The plan of the purchase.
        plan: String,
        /// The interval of the plan, in months.
        interval_months: u32,
    },
    /// The subscription would end beyond the year 9999.
    TermTooLong,
    /// The client is no test client.
    NotATestClient,
    /// The clock of the client is being advanced.
    ClockAdvancing,
    /// The clock of the client is ahead of that instant.
    ClockBackwards {
        /// What the clock says.
        now: Instant,
    },
    /// The instant is too far ahead of the clock.
    ClockTooFar,
    /// The plan has a price, and no payments are taken.
    PaymentsDisabled {
        /// The requested plan.
        plan: String,
    },
}
