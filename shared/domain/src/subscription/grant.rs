//! Grants: the months that a subscription is made of.

use crate::{GiftId, Instant, JobId, SubscriptionId};

/// Months given to a subscription, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The subscription that received them.
    pub subscription: SubscriptionId,
    /// What gave them.
    pub source: GrantSource,
    /// How many.
    pub months: u32,
    /// The job that gave them.
    pub job: JobId,
    /// When.
    pub granted_at: Instant,
}

/// What gave months to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantSource {
    /// A subscribe.
    Purchase,
    /// A renew.
    Renewal,
    /// A redeemed gift. At most one grant names a gift.
    Gift(GiftId),
}

impl GrantSource {
    /// How the source is written in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Renewal => "renewal",
            Self::Gift(_) => "gift",
        }
    }

    /// The gift, if it was one.
    #[must_use]
    pub const fn gift(self) -> Option<GiftId> {
        match self {
            Self::Gift(id) => Some(id),
            Self::Purchase | Self::Renewal => None,
        }
    }
}
