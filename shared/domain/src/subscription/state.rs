//! A subscription and its states (`docs/STATES.md`).

use crate::{ClientId, Instant, PaymentId, Refusal, Slice, SubscriptionId, UserId, calendar};
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
    /// Whether it is renewed at its end by itself.
    pub auto_renew: bool,
    /// The plan that it is renewed as, where that is another one.
    pub next_plan: Option<NextPlan>,
    /// The days after its end in which a renewal may still succeed, by the version of the plan that
    /// it is renewed as.
    pub grace_days: u32,
    /// The state as stored; see [`Subscription::effective_status`] for the status as it is.
    pub state: SubscriptionState,
    /// All months ever granted.
    pub months: u32,
    /// The first instant covered. It never changes once it has begun. One that has not begun covers
    /// nothing: its period is empty, at the instant at which it was made.
    pub start_date: Instant,
    /// The instant from which months are counted, so that they do not drift: `start_date`, until a
    /// pause moves the rest of the term.
    pub anchor: Instant,
    /// The months that are counted from `anchor`.
    pub anchor_months: u32,
    /// The first instant not covered: `anchor` plus `anchor_months`.
    pub end_date: Instant,
    /// The instant up to which it costs nothing, or cost nothing, if it began with a trial.
    pub trial_end: Option<Instant>,
    /// The first period after its trial, as long as it is owed.
    pub conversion: Option<Conversion>,
    /// The attempts at the renewal that is due that were made.
    pub attempts: u32,
    /// The instant of the next attempt, after one that has failed.
    pub retry_at: Option<Instant>,
    /// The payment that it waits for.
    pub open_payment: Option<OpenPayment>,
    /// The instant at which the next of its grants ends that something was paid for.
    pub recognise_at: Option<Instant>,
    /// The instant at which it was made.
    pub created_at: Instant,
    /// The instant of its last change.
    pub updated_at: Instant,
}

/// The first period after a trial. It is bought whether or not the subscription is renewed by
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    /// Its months.
    pub months: u32,
    /// Whether it can be paid: the user has a payment method, or it costs nothing.
    pub is_payable: bool,
}

impl Conversion {
    /// This one, where what is bought comes in intervals of so many months, and came in intervals
    /// of `before`: the months that were asked for, or one interval if that is another one.
    pub(super) fn in_intervals(self, before: Option<u32>, months: u32) -> Self {
        if before == Some(months) { self } else { Self { months, ..self } }
    }
}

/// A payment whose end is not known, or that the user has to do something for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenPayment {
    /// The payment.
    pub id: PaymentId,
    /// The instant up to which it is waited for. What succeeds later is paid back.
    pub until: Instant,
}

/// The plan of a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPlan {
    /// The code of the plan.
    pub code: String,
    /// Its version.
    pub version: u32,
}

/// A state of a subscription, with the data that only this state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It was asked for, and is not paid.
    Pending,
    /// It runs, and costs nothing until the end of its trial.
    Trialing {
        /// The instant at which it was asked that it is cancelled at its end, if it was.
        cancelling: Option<Instant>,
    },
    /// It begins when the one before it ends.
    Scheduled,
    /// The subscription runs.
    Active,
    /// It runs, and is cancelled at its end.
    Cancelling {
        /// The instant at which that was asked for.
        at: Instant,
    },
    /// Its renewal has failed, and it goes on for the time of grace.
    PastDue,
    /// It stands still: it does not entitle, and the rest of its term is kept.
    Paused {
        /// The instant from which it stands still.
        at: Instant,
        /// The instant from which it goes on, if one was asked for.
        resume_at: Option<Instant>,
    },
    /// The client ended it.
    Cancelled {
        /// The instant at which it was cancelled.
        at: Instant,
    },
    /// It ended at its end because the client had asked for that.
    CancelledAtEnd {
        /// The instant at which that was asked for.
        at: Instant,
    },
    /// It ended because its term was over.
    Expired,
}

/// The name of a state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// It is not paid.
    Pending,
    /// It runs, and costs nothing yet.
    Trialing,
    /// It waits for the one before it to end.
    Scheduled,
    /// It runs.
    Active,
    /// A renewal failed, and it goes on for the time of grace.
    PastDue,
    /// It stands still.
    Paused,
    /// It was cancelled.
    Cancelled,
    /// Its term is over.
    Expired,
}

impl SubscriptionStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Trialing,
        Self::Scheduled,
        Self::Active,
        Self::PastDue,
        Self::Paused,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The spelling of the status, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Trialing => "trialing",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether a subscription of this status holds the one place that a user has.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue | Self::Paused)
    }

    /// Whether it is a trial.
    #[must_use]
    pub const fn is_trialing(self) -> bool {
        matches!(self, Self::Trialing)
    }

    /// Whether a subscription of this status entitles its user to the product.
    #[must_use]
    pub const fn is_entitled(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }
}

/// The columns that tell a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateParts {
    /// The name of the state.
    pub status: SubscriptionStatus,
    /// Whether it is, or was, cancelled at its end.
    pub cancel_at_period_end: bool,
    /// When it was cancelled, or when that was asked for.
    pub cancelled_at: Option<Instant>,
    /// From when it stands still.
    pub paused_at: Option<Instant>,
    /// From when it goes on.
    pub resume_at: Option<Instant>,
}

impl SubscriptionState {
    /// The state of these columns, if they agree with each other.
    #[must_use]
    pub fn from_parts(parts: StateParts) -> Option<Self> {
        let StateParts { status, cancel_at_period_end, cancelled_at, paused_at, resume_at } = parts;
        let state = match (status, cancel_at_period_end) {
            (SubscriptionStatus::Pending, _) => Self::Pending,
            (SubscriptionStatus::Trialing, false) => Self::Trialing { cancelling: None },
            (SubscriptionStatus::Trialing, true) => {
                Self::Trialing { cancelling: Some(cancelled_at?) }
            }
            (SubscriptionStatus::Scheduled, _) => Self::Scheduled,
            (SubscriptionStatus::Active, false) => Self::Active,
            (SubscriptionStatus::Active, true) => Self::Cancelling { at: cancelled_at? },
            (SubscriptionStatus::PastDue, _) => Self::PastDue,
            (SubscriptionStatus::Paused, _) => Self::Paused { at: paused_at?, resume_at },
            (SubscriptionStatus::Cancelled, false) => Self::Cancelled { at: cancelled_at? },
            (SubscriptionStatus::Cancelled, true) => Self::CancelledAtEnd { at: cancelled_at? },
            (SubscriptionStatus::Expired, _) => Self::Expired,
        };
        (state.parts() == parts).then_some(state)
    }

    /// The columns that tell the state.
    #[must_use]
    pub const fn parts(&self) -> StateParts {
        let status = self.status();
        let cancel_at_period_end = matches!(
            self,
            Self::Cancelling { .. }
                | Self::CancelledAtEnd { .. }
                | Self::Trialing { cancelling: Some(_) }
        );
        let (mut cancelled_at, mut paused_at, mut resumes) = (None, None, None);
        match *self {
            Self::Cancelling { at } | Self::Cancelled { at } | Self::CancelledAtEnd { at } => {
                cancelled_at = Some(at);
            }
            Self::Paused { at, resume_at } => (paused_at, resumes) = (Some(at), resume_at),
            Self::Trialing { cancelling } => cancelled_at = cancelling,
            Self::Pending | Self::Scheduled | Self::Active | Self::PastDue | Self::Expired => {}
        }
        StateParts { status, cancel_at_period_end, cancelled_at, paused_at, resume_at: resumes }
    }

    /// The name of the state.
    #[must_use]
    pub const fn status(&self) -> SubscriptionStatus {
        match self {
            Self::Pending => SubscriptionStatus::Pending,
            Self::Trialing { .. } => SubscriptionStatus::Trialing,
            Self::Scheduled => SubscriptionStatus::Scheduled,
            Self::Active | Self::Cancelling { .. } => SubscriptionStatus::Active,
            Self::PastDue => SubscriptionStatus::PastDue,
            Self::Paused { .. } => SubscriptionStatus::Paused,
            Self::Cancelled { .. } | Self::CancelledAtEnd { .. } => SubscriptionStatus::Cancelled,
            Self::Expired => SubscriptionStatus::Expired,
        }
    }
}

impl Subscription {
    /// A new subscription that starts at `now`.
    pub fn start(
        id: SubscriptionId,
        owner: (UserId, ClientId),
        sold: Sold<'_>,
        months: u32,
        now: Instant,
    ) -> Result<Self, Refusal> {
        Self::scheduled(id, owner, sold, months, now).begun(now)
    }

    /// A new subscription that begins when the one before it ends.
    #[must_use]
    pub fn scheduled(
        id: SubscriptionId,
        (user, client): (UserId, ClientId),
        sold: Sold<'_>,
        months: u32,
        now: Instant,
    ) -> Self {
        Self {
            id,
            user,
            client,
            plan: sold.plan.to_owned(),
            plan_version: sold.version,
            auto_renew: sold.auto_renew,
            next_plan: None,
            grace_days: sold.grace_days,
            state: SubscriptionState::Scheduled,
            months,
            start_date: now,
            anchor: now,
            anchor_months: 0,
            end_date: now,
            trial_end: None,
            conversion: None,
            attempts: 0,
            retry_at: None,
            open_payment: None,
            recognise_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// This subscription, begun at `at`.
    pub fn begun(self, at: Instant) -> Result<Self, Refusal> {
        let end_date = calendar::add_months(at, self.months).ok_or(Refusal::TermTooLong)?;
        let (state, anchor_months) = (SubscriptionState::Active, self.months);
        Ok(Self { state, start_date: at, anchor: at, anchor_months, end_date, ..self })
    }

    /// Whether it has ever begun: also if it was taken back at that very instant, which leaves it
    /// its months.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.start_date < self.end_date || self.anchor_months > 0
    }

    /// The time that `months` more would cover.
    pub fn next_slice(&self, months: u32) -> Result<Slice, Refusal> {
        let anchor_months = self.anchor_months.saturating_add(months);
        let end = calendar::add_months(self.anchor, anchor_months).ok_or(Refusal::TermTooLong)?;
        Ok(Slice { start: self.end_date, end })
    }

    /// This subscription with `months` more. A failed renewal is made good by them, and so is what
    /// is owed since the end of a trial; what will be owed later is not.
    pub fn extended(&self, months: u32, now: Instant) -> Result<Self, Refusal> {
        let anchor_months = self.anchor_months.saturating_add(months);
        let end_date =
            calendar::add_months(self.anchor, anchor_months).ok_or(Refusal::TermTooLong)?;
        let state = match self.state {
            SubscriptionState::PastDue => SubscriptionState::Active,
            state => state,
        };
        let months = self.months.saturating_add(months);
        let conversion = self.conversion.filter(|_| now < self.end_date);
        let extended = Self { months, anchor_months, end_date, updated_at: now, ..self.clone() };
        Ok(Self { state, conversion, attempts: 0, retry_at: None, ..extended })
    }

    /// This subscription in another state. `end_date` does not move.
    #[must_use]
    pub fn in_state(&self, state: SubscriptionState, now: Instant) -> Self {
        Self { state, updated_at: now, ..self.clone() }
    }

    /// This subscription, cancelled. `end_date` does not move.
    #[must_use]
    pub fn cancelled(&self, now: Instant) -> Self {
        self.in_state(SubscriptionState::Cancelled { at: now }, now)
    }

    /// This subscription, marked as expired.
    #[must_use]
    pub fn expired(&self, now: Instant) -> Self {
        self.in_state(SubscriptionState::Expired, now)
    }
}

/// What a subscription was sold as.
#[derive(Debug, Clone, Copy)]
pub struct Sold<'a> {
    /// The code of the plan.
    pub plan: &'a str,
    /// Its version.
    pub version: u32,
    /// Its days of grace.
    pub grace_days: u32,
    /// Whether the subscription is renewed by itself.
    pub auto_renew: bool,
}
