//! Subscriptions, and the grants of months they are made of.

use super::{ClientId, GiftId, Instant, JobId, Refusal, SubscriptionId, UserId, calendar};
use serde::{Deserialize, Serialize};

/// A user's right to the product from `start_date` up to, and not including, `end_date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id. Newer subscriptions of a user have greater ids.
    pub id: SubscriptionId,
    /// Whose subscription it is.
    pub user: UserId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The code of the plan it was bought under, which may be off sale by now.
    pub plan: String,
    /// The status as stored; see [`Subscription::effective_status`] for the status as it is.
    pub status: SubscriptionStatus,
    /// All months ever granted, counted from `start_date`.
    pub months: u32,
    /// The first instant covered. Never changes: months are counted from here.
    pub start_date: Instant,
    /// The first instant not covered: `start_date` plus `months`.
    pub end_date: Instant,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// Where a subscription is in its life. See `docs/STATES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    /// Runs.
    Active,
    /// Ended by its user.
    Cancelled,
    /// Ended by time.
    Expired,
}

impl SubscriptionStatus {
    /// How the status is written, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Cancelled, Self::Expired].into_iter().find(|s| s.as_str() == text)
    }
}

/// Months given to a subscription, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The subscription that received them.
    pub subscription: SubscriptionId,
    /// What gave them.
    pub source: GrantSource,
    /// How many.
    pub months: u32,
    /// By which job.
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

impl Subscription {
    /// The status at `now`: one past its end has expired, whether or not a sweep has marked it.
    #[must_use]
    pub fn effective_status(&self, now: Instant) -> SubscriptionStatus {
        match self.status {
            SubscriptionStatus::Active if self.end_date <= now => SubscriptionStatus::Expired,
            stored => stored,
        }
    }

    /// A new one that starts at `now`.
    pub fn start(
        id: SubscriptionId,
        (user, client): (UserId, ClientId),
        plan: &str,
        months: u32,
        now: Instant,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            id,
            user,
            client,
            plan: plan.to_owned(),
            status: SubscriptionStatus::Active,
            months,
            start_date: now,
            end_date: calendar::add_months(now, months).ok_or(Refusal::TermTooLong)?,
            cancelled_at: None,
            created_at: now,
            updated_at: now,
        })
    }

    /// This one with `months` more.
    pub fn extended(&self, months: u32, now: Instant) -> Result<Self, Refusal> {
        let months = self.months.saturating_add(months);
        let end_date = calendar::add_months(self.start_date, months).ok_or(Refusal::TermTooLong)?;
        Ok(Self { months, end_date, updated_at: now, ..self.clone() })
    }

    /// This one, cancelled. What was bought stays on record: `end_date` does not move.
    #[must_use]
    pub fn cancelled(&self, now: Instant) -> Self {
        Self {
            status: SubscriptionStatus::Cancelled,
            cancelled_at: Some(now),
            updated_at: now,
            ..self.clone()
        }
    }

    /// This one, marked as expired.
    #[must_use]
    pub fn expired(&self, now: Instant) -> Self {
        Self { status: SubscriptionStatus::Expired, updated_at: now, ..self.clone() }
    }
}
