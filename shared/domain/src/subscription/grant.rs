//! Grants: the months that were given to a subscription.

use crate::{
    ClientId, Currency, GiftId, GrantId, Instant, JobId, Payment, PaymentId, SubscriptionId,
};
use chrono::TimeDelta;

/// Months given to a subscription, and their source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id of the grant. Newer grants have greater ids.
    pub id: GrantId,
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
    /// The time that it covers; none while its subscription waits.
    pub slice: Option<Slice>,
    /// The length that it had at first, if it is not that of the slice any more.
    pub length: Option<TimeDelta>,
    /// What was paid for it and is not earned, in the smallest unit of the currency: it is earned
    /// when the slice ends.
    pub value: u64,
    /// The currency of the value; none if nothing was paid.
    pub currency: Option<Currency>,
    /// The payment that paid for it.
    pub payment: Option<PaymentId>,
    /// What of its value went to the credit of the user by a change of plan.
    pub to_credit: u64,
    /// The grant that it goes on from, after a change of plan.
    pub from_grant: Option<GrantId>,
    /// The instant at which its value was earned, or it ended otherwise.
    pub closed_at: Option<Instant>,
}

/// The time that a grant covers, from `start` up to, and not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The first instant.
    pub start: Instant,
    /// The first instant after it.
    pub end: Instant,
}

impl Slice {
    /// This time, later by that.
    #[must_use]
    pub fn moved(self, by: TimeDelta) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }

    /// Its length.
    #[must_use]
    pub fn length(self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether it covers that instant.
    #[must_use]
    pub fn covers(self, instant: Instant) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// What a new grant is: where its months come from, and what was paid for them.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant {
    /// Its id.
    pub(crate) id: GrantId,
    /// The source.
    pub(crate) source: GrantSource,
    /// What was paid for it.
    pub(crate) worth: Option<Worth>,
}

/// What was paid for something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth {
    /// The amount, which is not 0.
    pub(crate) value: u64,
    /// The currency.
    pub(crate) currency: Currency,
    /// The payment.
    pub(crate) payment: PaymentId,
}

impl Worth {
    /// What was paid by a payment: all but what was waived.
    pub(crate) const fn of(payment: &Payment) -> Self {
        Self { value: payment.paid(), currency: payment.currency, payment: payment.id }
    }
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
    /// The trial of a plan, which has no months.
    Trial,
    /// What was paid for before a change of plan.
    Change,
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
            Self::Trial => "trial",
            Self::Change => "change",
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
            ("trial", None, None) => Some(Self::Trial),
            ("change", None, None) => Some(Self::Change),
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
