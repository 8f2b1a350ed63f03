//! What a client can ask for.

use crate::{Email, GiftId, PlanCode, SubscriptionId, UserId};
use serde::{Deserialize, Serialize};

/// A request that passed validation. It carries what was asked, before defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Command {
    /// Make a user.
    CreateUser {
        /// Its email.
        email: Email,
    },
    /// Start a subscription.
    Subscribe {
        /// For whom.
        user_id: UserId,
        /// Under which plan.
        plan: PlanCode,
        /// For how long; one interval of the plan when absent.
        duration_months: Option<u32>,
    },
    /// Prolong a running subscription.
    Renew {
        /// Which.
        subscription_id: SubscriptionId,
        /// By how much; one interval of its plan when absent.
        duration_months: Option<u32>,
    },
    /// End a running subscription at once.
    Cancel {
        /// Which.
        subscription_id: SubscriptionId,
    },
    /// Give months to an email address.
    Gift {
        /// Who gives.
        gifter_id: UserId,
        /// To whom.
        recipient_email: Email,
        /// How much; one month when absent.
        duration_months: Option<u32>,
    },
    /// Turn a gift into time of a subscription.
    Redeem {
        /// Which gift.
        gift_id: GiftId,
        /// For whom.
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
