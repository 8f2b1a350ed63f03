//! The commands that a client can submit.

use crate::{Email, GiftId, PlanCode, SubscriptionId, UserId};
use serde::{Deserialize, Serialize};

/// A command from a request that passed validation. Defaults are not filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Command {
    /// Makes a user.
    CreateUser {
        /// The email of the new user.
        email: Email,
    },
    /// Starts a subscription.
    Subscribe {
        /// The user who gets the subscription.
        user_id: UserId,
        /// The plan of the subscription.
        plan: PlanCode,
        /// The term in months; one interval of the plan when absent.
        duration_months: Option<u32>,
    },
    /// Prolongs a running subscription.
    Renew {
        /// The subscription to prolong.
        subscription_id: SubscriptionId,
        /// The added months; one interval of its plan when absent.
        duration_months: Option<u32>,
    },
    /// Ends a running subscription at once.
    Cancel {
        /// The subscription to end.
        subscription_id: SubscriptionId,
    },
    /// Gives months to an email address.
    Gift {
        /// The user who gives.
        gifter_id: UserId,
        /// The address of the recipient.
        recipient_email: Email,
        /// The months given; one when absent.
        duration_months: Option<u32>,
    },
    /// Turns a gift into time of a subscription.
    Redeem {
        /// The gift to redeem.
        gift_id: GiftId,
        /// The user who redeems it.
        user_id: UserId,
    },
}

/// The kind of a command or of a scheduled change, as shown in jobs, metrics and the command log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /users`
    CreateUser,
    /// `POST /subscribe`
    Subscribe,
    /// `POST /renew`
    Renew,
    /// `POST /cancel`
    Cancel,
    /// `POST /gift`
    Gift,
    /// `POST /gift/redeem`
    Redeem,
    /// A sweep found a subscription past its end.
    ExpireSubscription,
    /// A sweep found a gift past its expiry.
    ExpireGift,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::CreateUser,
        Self::Subscribe,
        Self::Renew,
        Self::Cancel,
        Self::Gift,
        Self::Redeem,
        Self::ExpireSubscription,
        Self::ExpireGift,
    ];

    /// How the operation is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateUser => "create_user",
            Self::Subscribe => "subscribe",
            Self::Renew => "renew",
            Self::Cancel => "cancel",
            Self::Gift => "gift",
            Self::Redeem => "redeem",
            Self::ExpireSubscription => "expire_subscription",
            Self::ExpireGift => "expire_gift",
        }
    }

    /// The operation of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

impl Command {
    /// The kind of this command.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::CreateUser { .. } => Operation::CreateUser,
            Self::Subscribe { .. } => Operation::Subscribe,
            Self::Renew { .. } => Operation::Renew,
            Self::Cancel { .. } => Operation::Cancel,
            Self::Gift { .. } => Operation::Gift,
            Self::Redeem { .. } => Operation::Redeem,
        }
    }
}
