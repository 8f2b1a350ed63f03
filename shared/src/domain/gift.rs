//! Gifts: months that one user gives to an email address.

use super::{ClientId, Email, GiftId, Instant, UserId};
use serde::{Deserialize, Serialize};

/// Months on their way to whoever owns `recipient_email`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// Its id.
    pub id: GiftId,
    /// Who gives.
    pub gifter: UserId,
    /// The client that the gifter belongs to.
    pub client: ClientId,
    /// Who may redeem it: the user of this email.
    pub recipient_email: Email,
    /// Who redeemed it, once redeemed.
    pub recipient: Option<UserId>,
    /// The status as stored; see [`Gift::effective_status`] for the status as it is.
    pub status: GiftStatus,
    /// How many months it is worth.
    pub months: u32,
    /// The first instant at which it can no longer be redeemed.
    pub expires_at: Instant,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
}

/// Where a gift is in its life. See `docs/STATES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GiftStatus {
    /// Waits for its recipient.
    Pending,
    /// Turned into time of a subscription.
    Redeemed,
    /// Was not redeemed in time.
    Expired,
}

impl GiftStatus {
    /// How the status is written, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Redeemed => "redeemed",
            Self::Expired => "expired",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Redeemed, Self::Expired].into_iter().find(|s| s.as_str() == text)
    }
}

impl Gift {
    /// The status at `now`: one past its expiry has expired, whether or not a sweep has marked it.
    #[must_use]
    pub fn effective_status(&self, now: Instant) -> GiftStatus {
        match self.status {
            GiftStatus::Pending if self.expires_at <= now => GiftStatus::Expired,
            stored => stored,
        }
    }

    /// This one, redeemed by `recipient`.
    #[must_use]
    pub fn redeemed(&self, recipient: UserId, now: Instant) -> Self {
        Self {
            status: GiftStatus::Redeemed,
            recipient: Some(recipient),
            redeemed_at: Some(now),
            ..self.clone()
        }
    }
}
