//! A payment and its phases (`docs/STATES.md`). A payment is one charge: all that it asks for is
//! fixed when it is made.

use super::{Dispute, Provider};
use crate::{
    ClientId, Currency, GiftId, GrantId, Instant, JobId, PaymentId, PaymentMethodId,
    SubscriptionId, UserId,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The id of the payment.
    pub id: PaymentId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The user who pays.
    pub user: UserId,
    /// What is paid for.
    pub purpose: Purpose,
    /// The code of the plan.
    pub plan: String,
    /// The version of the plan.
    pub plan_version: u32,
    /// The price: cash and credit.
    pub amount: u64,
    /// The part that the provider takes.
    pub cash: u64,
    /// The part that is taken from the credit of the user. It is reserved until the end is known.
    pub credit: u64,
    /// The currency.
    pub currency: Currency,
    /// The provider; none if there is no cash.
    pub provider: Option<Provider>,
    /// The method that is charged; none if there is no cash.
    pub method: Option<PaymentMethodId>,
    /// How far it is.
    pub phase: PaymentPhase,
    /// What was paid back.
    pub refunded: u64,
    /// What is being paid back.
    pub refunding: u64,
    /// The last dispute of it, if there was one.
    pub dispute: Option<Dispute>,
    /// The job that made it, and waits for it if it is that of a client.
    pub job: JobId,
    /// The instant at which it was made.
    pub created_at: Instant,
    /// The instant up to which what was bought waits for it.
    pub expires_at: Instant,
    /// The instant at which its end was known.
    pub settled_at: Option<Instant>,
}

/// What a payment is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// A new subscription, which is pending.
    Subscribe {
        /// The subscription.
        subscription: SubscriptionId,
        /// Whether the plan has a trial that the user could not have again.
        #[serde(default, skip_serializing_if = "crate::bounded::is_false")]
        trial_used: bool,
    },
    /// More months of a subscription, which a client asked for.
    Renew {
        /// The subscription.
        subscription: SubscriptionId,
        /// The months.
        months: u32,
        /// Whether it was to be cancelled at its end when that was asked. A flag of later stays.
        clears_flag: bool,
    },
    /// The renewal of a subscription by itself, or the first period after a trial.
    Renewal {
        /// The subscription.
        subscription: SubscriptionId,
        /// The end at which it is renewed.
        end_date: Instant,
        /// The number of the attempt at that end, from 1 on.
        attempt: u32,
        /// The months.
        months: u32,
    },
    /// Another plan.
    ChangePlan {
        /// The subscription.
        subscription: SubscriptionId,
        /// The change.
        change: ChangeOfPlan,
    },
    /// A gift, which is incomplete.
    Gift {
        /// The gift.
        gift: GiftId,
    },
}

/// A change of plan as it was priced. The plan is that of the payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOfPlan {
    /// The instant from which it is priced.
    pub at: Instant,
    /// The last grant that was there. Those of later are left as they are.
    pub last_grant: Option<GrantId>,
    /// What was waived, because it is less than the provider charges.
    pub waived: u64,
    /// The days of grace of the plan.
    pub grace_days: u32,
    /// The grants that are replaced.
    pub grants: Vec<ChangedGrant>,
    /// The period that begins with it, if the plan is sold in another interval.
    pub period: Option<NewPeriod>,
    /// The months of the first period after a trial, if one is still to be bought.
    #[serde(default)]
    pub conversion_months: Option<u32>,
}

/// A grant that a change of plan replaces, as it was when that was priced. If it is another one
/// when the change is paid, the change is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedGrant {
    /// The grant.
    pub grant: GrantId,
    /// The end of what it covers.
    pub end: Instant,
    /// What was paid for it.
    pub value: u64,
    /// The part of that which is not used.
    pub unused: u64,
    /// The new grant that goes on from it; none if a new period begins.
    pub new_grant: Option<GrantId>,
    /// What the new grant is worth.
    pub price: u64,
}

/// The first period of a plan that is sold in another interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPeriod {
    /// Its grant.
    pub grant: GrantId,
    /// Its start.
    pub start: Instant,
    /// Its months.
    pub months: u32,
    /// What the grant is worth.
    pub price: u64,
}

/// How far a payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentPhase {
    /// It is to be sent: nobody waits for it.
    Created,
    /// It is being sent.
    Sent,
    /// The provider does not say what came of it.
    Unknown,
    /// The user has to do something first.
    ActionRequired {
        /// Where.
        action_url: String,
    },
    /// The money was taken.
    Succeeded,
    /// The money was not taken.
    Declined {
        /// The provider's word for why.
        decline_code: String,
    },
    /// It was given up before the user had done what was asked of him.
    Cancelled,
}

/// The kind of a purpose, as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurposeKind {
    /// See [`Purpose::Subscribe`].
    Subscribe,
    /// See [`Purpose::Renew`].
    Renew,
    /// See [`Purpose::Renewal`].
    Renewal,
    /// See [`Purpose::ChangePlan`].
    ChangePlan,
    /// See [`Purpose::Gift`].
    Gift,
}

/// The status of a payment, as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Its end is not known yet.
    Processing,
    /// The user has to do something first.
    ActionRequired,
    /// The money was taken.
    Succeeded,
    /// The money was not taken.
    Declined,
    /// It was given up.
    Cancelled,
}

impl PaymentStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Processing, Self::ActionRequired, Self::Succeeded, Self::Declined, Self::Cancelled];

    /// The spelling, in answers and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::ActionRequired => "action_required",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl PaymentPhase {
    /// The spelling in the schema.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::ActionRequired { .. } => "action_required",
            Self::Succeeded => "succeeded",
            Self::Declined { .. } => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// The phase of these columns, if they agree with each other.
    #[must_use]
    pub fn from_parts(
        phase: &str,
        action_url: Option<&str>,
        decline_code: Option<&str>,
    ) -> Option<Self> {
        match (phase, action_url, decline_code) {
            ("created", None, None) => Some(Self::Created),
            ("sent", None, None) => Some(Self::Sent),
            ("unknown", None, None) => Some(Self::Unknown),
            ("action_required", Some(url), None) => {
                Some(Self::ActionRequired { action_url: url.to_owned() })
            }
            ("succeeded", None, None) => Some(Self::Succeeded),
            ("declined", None, Some(code)) => {
                Some(Self::Declined { decline_code: code.to_owned() })
            }
            ("cancelled", None, None) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// What clients see.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match self {
            Self::Created | Self::Sent | Self::Unknown => PaymentStatus::Processing,
            Self::ActionRequired { .. } => PaymentStatus::ActionRequired,
            Self::Succeeded => PaymentStatus::Succeeded,
            Self::Declined { .. } => PaymentStatus::Declined,
            Self::Cancelled => PaymentStatus::Cancelled,
        }
    }
}

impl Purpose {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> PurposeKind {
        match self {
            Self::Subscribe { .. } => PurposeKind::Subscribe,
            Self::Renew { .. } => PurposeKind::Renew,
            Self::Renewal { .. } => PurposeKind::Renewal,
            Self::ChangePlan { .. } => PurposeKind::ChangePlan,
            Self::Gift { .. } => PurposeKind::Gift,
        }
    }

    /// The subscription that is paid for, if it is one.
    #[must_use]
    pub const fn subscription(&self) -> Option<SubscriptionId> {
        match self {
            Self::Subscribe { subscription, .. }
            | Self::Renew { subscription, .. }
            | Self::Renewal { subscription, .. }
            | Self::ChangePlan { subscription, .. } => Some(*subscription),
            Self::Gift { .. } => None,
        }
    }

    /// The gift that is paid for, if it is one.
    #[must_use]
    pub const fn gift(&self) -> Option<GiftId> {
        match self {
            Self::Gift { gift } => Some(*gift),
            _ => None,
        }
    }

    /// Whether a client waits for it, and is there to do something if that is needed.
    #[must_use]
    pub const fn is_of_client(&self) -> bool {
        !matches!(self, Self::Renewal { .. })
    }
}

impl Payment {
    /// The time for which what was bought waits for its payment, by the time of the client.
    pub const UNPAID_MAX: TimeDelta = TimeDelta::hours(23);

    /// Whether its end is not known, so that nothing else may be begun beside it.
    #[must_use]
    pub const fn is_in_progress(&self) -> bool {
        matches!(self.phase.status(), PaymentStatus::Processing)
    }

    /// This payment in another phase that is not its end.
    #[must_use]
    pub fn in_phase(&self, phase: PaymentPhase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// This payment, at its end.
    #[must_use]
    pub fn ended(&self, phase: PaymentPhase, now: Instant) -> Self {
        Self { phase, settled_at: Some(now), ..self.clone() }
    }
}
