//! Entitlements as clients see them.

use super::timestamp;
use domain::{Entitlement, EntitlementSource, Instant, SubscriptionStatus, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// What a user is entitled to at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntitlementView {
    user_id: UserId,
    entitled: bool,
    status: EntitlementStatus,
    /// The code of the plan of the subscription that runs, or of the one that ran last.
    #[schema(required, example = "monthly")]
    plan: Option<String>,
    #[schema(required, example = "standard")]
    tier: Option<String>,
    /// The features of the plan; none when not entitled.
    features: Vec<String>,
    /// The instant from which the user is not entitled any more, if nothing happens.
    #[schema(format = DateTime, required)]
    until: Option<String>,
    /// Whether the subscription will be renewed by itself.
    will_renew: bool,
    /// The source of the months that run.
    #[schema(required)]
    source: Option<EntitlementSource>,
    /// The instant of the read. It is not part of the `ETag`.
    #[schema(format = DateTime, required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
}

/// The status of the subscription that runs, or of the one that ran last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EntitlementStatus {
    /// There never was one.
    None,
    /// It is not paid.
    Pending,
    /// It runs, and costs nothing yet.
    Trialing,
    /// It has not begun.
    Scheduled,
    /// It runs.
    Active,
    /// Its renewal has failed, and it goes on for the time of grace.
    PastDue,
    /// It stands still.
    Paused,
    /// It was cancelled.
    Cancelled,
    /// Its term is over.
    Expired,
}

impl From<Option<SubscriptionStatus>> for EntitlementStatus {
    fn from(status: Option<SubscriptionStatus>) -> Self {
        match status {
            None => Self::None,
            Some(SubscriptionStatus::Pending) => Self::Pending,
            Some(SubscriptionStatus::Trialing) => Self::Trialing,
            Some(SubscriptionStatus::Scheduled) => Self::Scheduled,
            Some(SubscriptionStatus::Active) => Self::Active,
            Some(SubscriptionStatus::PastDue) => Self::PastDue,
            Some(SubscriptionStatus::Paused) => Self::Paused,
            Some(SubscriptionStatus::Cancelled) => Self::Cancelled,
            Some(SubscriptionStatus::Expired) => Self::Expired,
        }
    }
}

impl EntitlementView {
    /// The entitlement of a user, whenever it is read: what its `ETag` is made of.
    #[must_use]
    pub fn new(user: UserId, entitlement: &Entitlement) -> Self {
        let current = entitlement.current.as_ref();
        Self {
            user_id: user,
            entitled: current.is_some(),
            status: entitlement.status.into(),
            plan: entitlement.plan.clone(),
            tier: entitlement.tier.clone(),
            features: current.map(|current| current.features.clone()).unwrap_or_default(),
            until: current.map(|current| timestamp(current.until)),
            will_renew: entitlement.will_renew,
            source: current.and_then(|current| current.source),
            as_of: None,
        }
    }

    /// The entitlement as it was read at `now`.
    #[must_use]
    pub fn as_of(self, now: Instant) -> Self {
        Self { as_of: Some(timestamp(now)), ..self }
    }
}
