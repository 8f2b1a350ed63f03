//! A gift and its states (`docs/STATES.md`).

use crate::{
    ClientId, Currency, Email, ExpireGift, GiftId, Instant, InternalCommand, Payment, PaymentId,
    Sold, UserId, Worth,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Months that are given to the user who has `recipient_email`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// The id of the gift.
    pub id: GiftId,
    /// The user who gives.
    pub gifter: UserId,
    /// The client that the gifter belongs to.
    pub client: ClientId,
    /// The address of the user who may redeem it.
    pub recipient_email: Email,
    /// The state as stored; see [`Gift::effective_status`] for the status as it is.
    pub state: GiftState,
    /// The code of the plan that it gives.
    pub plan: String,
    /// The version of that plan.
    pub plan_version: u32,
    /// The days of grace of that version.
    pub grace_days: u32,
    /// The months that it is worth.
    pub months: u32,
    /// What was paid for it, in the smallest unit of the currency.
    pub value: u64,
    /// The currency of the value; none if nothing was paid.
    pub currency: Option<Currency>,
    /// Its payment, also while it is not paid.
    pub payment: Option<PaymentId>,
    /// The first instant at which it can no longer be redeemed.
    pub expires_at: Instant,
    /// The instant at which it was made.
    pub created_at: Instant,
}

/// A state of a gift, with the data that only this state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftState {
    /// It is not paid.
    Incomplete,
    /// The gift waits for its recipient.
    Pending,
    /// The gift was turned into time of a subscription.
    Redeemed {
        /// The user who redeemed it.
        recipient: UserId,
        /// The instant at which it was redeemed.
        at: Instant,
    },
    /// The gift was not redeemed in time, or not paid in time.
    Expired,
    /// The gift was taken back.
    Cancelled,
}

/// The name of a state of a gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GiftStatus {
    /// See [`GiftState::Incomplete`].
    Incomplete,
    /// See [`GiftState::Pending`].
    Pending,
    /// See [`GiftState::Redeemed`].
    Redeemed,
    /// See [`GiftState::Expired`].
    Expired,
    /// See [`GiftState::Cancelled`].
    Cancelled,
}

impl GiftStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Incomplete, Self::Pending, Self::Redeemed, Self::Expired, Self::Cancelled];

    /// The spelling of the status, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Pending => "pending",
            Self::Redeemed => "redeemed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl GiftState {
    /// The state of these stored columns, if they agree with each other.
    #[must_use]
    pub const fn from_parts(
        status: GiftStatus,
        recipient: Option<UserId>,
        redeemed_at: Option<Instant>,
    ) -> Option<Self> {
        match (status, recipient, redeemed_at) {
            (GiftStatus::Incomplete, None, None) => Some(Self::Incomplete),
            (GiftStatus::Pending, None, None) => Some(Self::Pending),
            (GiftStatus::Redeemed, Some(recipient), Some(at)) => {
                Some(Self::Redeemed { recipient, at })
            }
            (GiftStatus::Expired, None, None) => Some(Self::Expired),
            (GiftStatus::Cancelled, None, None) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> GiftStatus {
        match self {
            Self::Incomplete => GiftStatus::Incomplete,
            Self::Pending => GiftStatus::Pending,
            Self::Redeemed { .. } => GiftStatus::Redeemed,
            Self::Expired => GiftStatus::Expired,
            Self::Cancelled => GiftStatus::Cancelled,
        }
    }

    /// The user who redeemed the gift and the instant, if it was redeemed.
    #[must_use]
    pub const fn redemption(&self) -> Option<(UserId, Instant)> {
        match self {
            Self::Redeemed { recipient, at } => Some((*recipient, *at)),
            Self::Incomplete | Self::Pending | Self::Expired | Self::Cancelled => None,
        }
    }
}

impl Gift {
    /// The code of the plan of a gift whose giver names none.
    pub const PLAN_DEFAULT: &'static str = "monthly";

    /// What its recipient gets.
    #[must_use]
    pub fn sold(&self) -> Sold<'_> {
        let Self { plan, plan_version: version, grace_days, .. } = self;
        Sold { plan, version: *version, grace_days: *grace_days, auto_renew: false }
    }

    /// What was paid for it, if anything was.
    pub(crate) fn worth(&self) -> Option<Worth> {
        let (currency, payment) = (self.currency?, self.payment?);
        (self.value > 0).then_some(Worth { value: self.value, currency, payment })
    }

    /// The status at `now`. One that is past its time has expired, whether or not a sweep has
    /// marked it.
    #[must_use]
    pub fn effective_status(&self, now: Instant) -> GiftStatus {
        match self.due_at() {
            Some(at) if at <= now => GiftStatus::Expired,
            _ => self.state.status(),
        }
    }

    /// The instant at which something must happen to it, if anything must: one that waits for its
    /// recipient or its payment expires.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        match self.state {
            GiftState::Pending | GiftState::Incomplete => Some(self.expiry()),
            GiftState::Redeemed { .. } | GiftState::Expired | GiftState::Cancelled => None,
        }
    }

    /// The first instant at which it can no longer be redeemed. One that is not paid has less time.
    #[must_use]
    pub fn expiry(&self) -> Instant {
        let is_unpaid = self.payment.is_some() && self.worth().is_none();
        let unpaid_until = is_unpaid.then(|| self.created_at + Payment::UNPAID_MAX);
        unpaid_until.map_or(self.expires_at, |until| until.min(self.expires_at))
    }

    /// What must happen to it at [`Gift::due_at`].
    #[must_use]
    pub fn due(&self) -> Option<InternalCommand> {
        self.due_at().map(|_| ExpireGift { gift_id: self.id }.into())
    }

    /// This gift, redeemed by `recipient`.
    #[must_use]
    pub fn redeemed(&self, recipient: UserId, now: Instant) -> Self {
        Self { state: GiftState::Redeemed { recipient, at: now }, ..self.clone() }
    }

    /// This gift, marked as expired.
    #[must_use]
    pub fn expired(&self) -> Self {
        Self { state: GiftState::Expired, ..self.clone() }
    }
}
