//! A subscription and its states (`docs/STATES.md`).

use crate::{
    ClientId, ExpireSubscription, Instant, InternalCommand, Refusal, SubscriptionId, UserId,
    calendar,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A user's right to the product from `start_date` up to, and not including, `end_date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The id of the subscription. Newer subscriptions of a user have greater ids.
    pub id: SubscriptionId,
    /// The user who has the subscription.
    pub user: UserId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The code of the plan it was bought under, which may be off sale by now.
    pub plan: String,
    /// The version of the plan that it was sold at.
    pub plan_version: u32,
    /// The state as stored; see [`Subscription::effective_status`] for the status as it is.
    pub state: SubscriptionState,
    /// All months ever granted, counted from `start_date`.
    pub months: u32,
    /// The first instant covered. It never changes, because months are counted from it.
    pub start_date: Instant,
    /// The first instant not covered: `start_date` plus `months`.
    pub end_date: Instant,
    /// The instant at which it was made.
    pub created_at: Instant,
    /// The instant of its last change.
    pub updated_at: Instant,
}

/// A state of a subscription, with the data that only this state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// The subscription runs.
    Active,
    /// The client ended it.
    Cancelled {
        /// The instant at which it was cancelled.
        at: Instant,
    },
    /// It ended because its term was over.
    Expired,
}

/// The name of a state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    /// See [`SubscriptionState::Active`].
    Active,
    /// See [`SubscriptionState::Cancelled`].
    Cancelled,
    /// See [`SubscriptionState::Expired`].
    Expired,
}

impl SubscriptionStatus {
    /// The spelling of the status, in answers and in the schema.
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

impl SubscriptionState {
    /// The state of these stored columns, if they agree with each other.
    #[must_use]
    pub const fn from_parts(
        status: SubscriptionStatus,
        cancelled_at: Option<Instant>,
    ) -> Option<Self> {
        match (status, cancelled_at) {
            (SubscriptionStatus::Active, None) => Some(Self::Active),
            (SubscriptionStatus::Cancelled, Some(at)) => Some(Self::Cancelled { at }),
            (SubscriptionStatus::Expired, None) => Some(Self::Expired),
            _ => None,
        }
    }

    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> SubscriptionStatus {
        match self {
            Self::Active => SubscriptionStatus::Active,
            Self::Cancelled { .. } => SubscriptionStatus::Cancelled,
            Self::Expired => SubscriptionStatus::Expired,
        }
    }

    /// The instant at which the subscription was cancelled, if it was.
    #[must_use]
    pub const fn cancelled_at(&self) -> Option<Instant> {
        match self {
            Self::Cancelled { at } => Some(*at),
            Self::Active | Self::Expired => None,
        }
    }
}

impl Subscription {
    /// The status at `now`. An active subscription past its end has expired, whether or not a sweep
    /// has marked it.
    #[must_use]
    pub fn effective_status(&self, now: Instant) -> SubscriptionStatus {
        match self.state {
            SubscriptionState::Active if self.end_date <= now => SubscriptionStatus::Expired,
            stored => stored.status(),
        }
    }

    /// The instant at which something must happen to it, if anything must: an active subscription
    /// expires at its end.
    #[must_use]
    pub const fn due_at(&self) -> Option<Instant> {
        match self.state {
            SubscriptionState::Active => Some(self.end_date),
            SubscriptionState::Cancelled { .. } | SubscriptionState::Expired => None,
        }
    }

    /// What must happen to it at [`Subscription::due_at`].
    #[must_use]
    pub fn due(&self) -> Option<InternalCommand> {
        let end_date = self.due_at()?;
        Some(ExpireSubscription { subscription_id: self.id, end_date }.into())
    }

    /// A new subscription that starts at `now`.
    pub fn start(
        id: SubscriptionId,
        (user, client): (UserId, ClientId),
        (plan, plan_version): (&str, u32),
        months: u32,
        now: Instant,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            id,
            user,
            client,
            plan: plan.to_owned(),
            plan_version,
            state: SubscriptionState::Active,
            months,
            start_date: now,
            end_date: calendar::add_months(now, months).ok_or(Refusal::TermTooLong)?,
            created_at: now,
            updated_at: now,
        })
    }

    /// This subscription with `months` more.
    pub fn extended(&self, months: u32, now: Instant) -> Result<Self, Refusal> {
        let months = self.months.saturating_add(months);
        let end_date = calendar::add_months(self.start_date, months).ok_or(Refusal::TermTooLong)?;
        Ok(Self { months, end_date, updated_at: now, ..self.clone() })
    }

    /// This subscription, cancelled. `end_date` does not move.
    #[must_use]
    pub fn cancelled(&self, now: Instant) -> Self {
        Self { state: SubscriptionState::Cancelled { at: now }, updated_at: now, ..self.clone() }
    }

    /// This subscription, marked as expired.
    #[must_use]
    pub fn expired(&self, now: Instant) -> Self {
        Self { state: SubscriptionState::Expired, updated_at: now, ..self.clone() }
    }
}
