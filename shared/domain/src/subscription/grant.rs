//! Grants: the months that were given to a subscription.

use crate::{ClientId, GiftId, Instant, JobId, SubscriptionId};

/// Months given to a subscription, and their source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The client that the subscription belongs to.
    pub client: ClientId,
    /// The subscription that received them.
    pub subscription: SubscriptionId,
    /// The source of the months.
    pub source: GrantSource,
    /// The number of months.
    pub months: u32,
    /// The job that granted them.
    pub job: JobId,
    /// The instant of the grant.
    pub granted_at: Instant,
}

/// The source of granted months.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GrantSource {
    /// A `subscribe` command.
    Purchase,
    /// A `renew` command, or a renewal by itself.
    Renewal,
    /// A redeemed gift. At most one grant names a gift.
    Gift(GiftId),
    /// An `extend` command.
    Goodwill {
        /// Why it was given.
        reason: String,
    },
    /// An `import` command.
    Import,
}

impl GrantSource {
    /// The spelling of the source in the schema.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Renewal => "renewal",
            Self::Gift(_) => "gift",
            Self::Goodwill { .. } => "goodwill",
            Self::Import => "import",
        }
    }

    /// The source of these stored columns, if they agree with each other.
    #[must_use]
    pub fn from_parts(source: &str, gift: Option<GiftId>, reason: Option<&str>) -> Option<Self> {
        match (source, gift, reason) {
            ("purchase", None, None) => Some(Self::Purchase),
            ("renewal", None, None) => Some(Self::Renewal),
            ("gift", Some(id), None) => Some(Self::Gift(id)),
            ("goodwill", None, Some(reason)) => Some(Self::Goodwill { reason: reason.to_owned() }),
            ("import", None, None) => Some(Self::Import),
            _ => None,
        }
    }

    /// The gift, if the source is one.
    #[must_use]
    pub const fn gift(&self) -> Option<GiftId> {
        match self {
            Self::Gift(id) => Some(*id),
            _ => None,
        }
    }

    /// Why it was given, if that was said.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Goodwill { reason } => Some(reason),
            _ => None,
        }
    }
}
