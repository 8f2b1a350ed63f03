//! The refusals of the business rules. A refusal is an outcome like any other: it is committed and
//! replayed, and never retried. `contract` writes refusals for clients.

use crate::{Currency, Instant, Payment, PaymentId, SubscriptionId, SubscriptionStatus, UserId};

/// The reason why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The client has no such user.
    UserNotFound,
    /// The client has no user with the id of the giver.
    GifterNotFound,
    /// The client has no such subscription.
    SubscriptionNotFound,
    /// The client has no such gift.
    GiftNotFound,
    /// The client has no such plan.
    PlanNotFound,
    /// Another user of the client has that email.
    EmailTaken,
    /// Another user of the client has that external id.
    ExternalIdTaken {
        /// That user.
        user: UserId,
    },
    /// The user has a running subscription.
    AlreadySubscribed {
        /// The running subscription.
        subscription: SubscriptionId,
        /// The end of the running subscription.
        end_date: Instant,
    },
    /// The subscription is in a state in which it cannot be changed so.
    SubscriptionNotActive {
        /// The state in which it is.
        current: SubscriptionStatus,
    },
    /// The subscription is not to be cancelled at its end, or has ended.
    NotCancelling,
    /// The subscription is to be cancelled at its end.
    SubscriptionCancelling,
    /// The subscription does not stand still.
    SubscriptionNotPaused {
        /// The state in which it is.
        current: SubscriptionStatus,
    },
    /// The date lies in the past, or more than a year ahead.
    DateOutOfRange {
        /// The member of the body.
        member: &'static str,
    },
    /// The end of an imported subscription is no number of months after its anchor.
    EndNotOnAnchor,
    /// The imported subscription has ended.
    EndInPast,
    /// The gift was sent to another email.
    GiftNotRecipient,
    /// The gift has been redeemed.
    GiftAlreadyRedeemed {
        /// The instant at which it was redeemed.
        redeemed_at: Instant,
        /// The subscription that it became part of, if that is one of this user.
        subscription: Option<SubscriptionId>,
    },
    /// The gift was not redeemed in time.
    GiftExpired {
        /// The instant at which it expired.
        expired_at: Instant,
    },
    /// The client has no such plan to sell.
    UnknownPlan {
        /// The requested plan.
        plan: String,
        /// Plans on sale, the oldest first.
        on_sale: Vec<String>,
        /// Whether there are more of them.
        more: bool,
    },
    /// The plan is not sold any more.
    PlanRetired {
        /// The requested plan.
        plan: String,
    },
    /// The plan is sold in whole intervals only.
    DurationNotMultiple {
        /// The plan of the purchase.
        plan: String,
        /// The interval of the plan, in months.
        interval_months: u32,
    },
    /// The subscription would end beyond the year 9999.
    TermTooLong,
    /// The client is no test client.
    NotATestClient,
    /// The clock of the client is being advanced.
    ClockAdvancing,
    /// The clock of the client is ahead of that instant.
    ClockBackwards {
        /// What the clock says.
        now: Instant,
    },
    /// The instant is too far ahead of the clock.
    ClockTooFar,
    /// The user has had a trial of that tier, or the plan has none.
    TrialNotAvailable,
    /// A payment of the same thing is in progress.
    PaymentInProgress {
        /// That payment.
        payment: PaymentId,
    },
    /// The user pays in another currency.
    CurrencyMismatch {
        /// The currency in which the user pays.
        currency: Currency,
    },
    /// The price is smaller than the provider charges.
    PriceTooSmall {
        /// The requested plan.
        plan: String,
    },
    /// The user has no payment method that is the default.
    PaymentMethodRequired,
    /// The client has no such payment method.
    PaymentMethodNotFound,
    /// The provider has refused the payment method.
    PaymentMethodDeclined {
        /// The provider's word for why.
        decline_code: String,
    },
    /// The payment was declined.
    PaymentDeclined {
        /// The payment.
        payment: Box<Payment>,
        /// The provider's word for why.
        decline_code: String,
    },
    /// The payment needs that the user does something.
    PaymentActionRequired {
        /// The payment.
        payment: Box<Payment>,
    },
    /// What was to be changed is not changed any more, now that the payment for it has ended. If
    /// that has succeeded it is paid back.
    TooLate {
        /// Why it is not changed.
        why: Box<Refusal>,
        /// The payment.
        payment: Box<Payment>,
    },
    /// Nothing waited for the payment any more: its time was over. Only [`Refusal::TooLate`] says
    /// so.
    PaymentLapsed,
    /// What a change of plan was priced by has changed before it was paid. Only
    /// [`Refusal::TooLate`] says so.
    NotAsPriced,
    /// The client has no such payment.
    PaymentNotFound,
    /// Nothing of the payment can be paid back: it did not succeed, or all of it was paid back.
    PaymentNotRefundable,
    /// The payment is disputed.
    PaymentDisputed,
    /// The refund is larger than what can be paid back.
    RefundTooLarge {
        /// The most that can be paid back.
        amount_max: u64,
    },
    /// A gift is paid back whole.
    RefundPartialGift,
    /// The subscription has that plan, in that version, already.
    PlanUnchanged,
    /// The gift was taken back.
    GiftCancelled,
    /// No payments are taken, so that nobody can have a payment method.
    PaymentMethodsDisabled,
    /// The plan has a price, and no payments are taken.
    PaymentsDisabled {
        /// The requested plan.
        plan: String,
    },
}
