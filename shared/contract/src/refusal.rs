//! Writes the refusals of the business rules for clients.

use crate::problem::{Problem, ProblemKind};
use crate::view::{PaymentView, timestamp};
use domain::{
    ClientId, Currency, DeclineCode, Instant, JobId, Payment, PaymentId, PaymentMethodId,
    PaymentPhase, Provider, Purpose, Refusal, SubscriptionId, SubscriptionStatus, UserId,
};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// The members that only problems of one kind have.
type Members = Vec<(&'static str, Value)>;

/// How each refusal is written: its kind, the detail of this case, and its own members.
#[expect(clippy::too_many_lines, reason = "a list: one arm a refusal")]
fn parts(refusal: &Refusal) -> (ProblemKind, Cow<'static, str>, Members) {
    use ProblemKind as Kind;
    let fixed = |kind, detail: &'static str| (kind, detail.into(), Vec::new());
    match refusal {
        Refusal::UserNotFound => fixed(Kind::UserNotFound, "No user has this id."),
        Refusal::GifterNotFound => {
            fixed(Kind::GifterNotFound, "No user has the id given as gifter_id.")
        }
        Refusal::SubscriptionNotFound => {
            fixed(Kind::SubscriptionNotFound, "No subscription has this id.")
        }
        Refusal::GiftNotFound => fixed(Kind::GiftNotFound, "No gift has this id."),
        Refusal::PlanNotFound => fixed(Kind::PlanNotFound, "No plan has this code."),
        Refusal::EmailTaken => fixed(Kind::EmailTaken, "Another user has this email address."),
        Refusal::ExternalIdTaken { user } => (
            Kind::ExternalIdTaken,
            "Another user has this external id.".into(),
            vec![("user_id", user.get().into())],
        ),
        Refusal::AlreadySubscribed { subscription, end_date } => (
            Kind::AlreadySubscribed,
            "The user has an active subscription: renew that one instead.".into(),
            vec![
                ("subscription_id", subscription.get().into()),
                ("end_date", timestamp(*end_date).into()),
            ],
        ),
        Refusal::SubscriptionNotActive { current } => (
            Kind::SubscriptionNotActive,
            "Only an active subscription can be changed.".into(),
            vec![("current_status", current.as_str().into())],
        ),
        Refusal::NotCancelling => fixed(
            Kind::NotCancelling,
            "Only a subscription that is to be cancelled at its end can be kept.",
        ),
        Refusal::SubscriptionCancelling => fixed(
            Kind::SubscriptionCancelling,
            "The subscription is to be cancelled at its end: take that back first.",
        ),
        Refusal::SubscriptionNotPaused { current } => (
            Kind::SubscriptionNotPaused,
            "Only a subscription that is paused can be resumed.".into(),
            vec![("current_status", current.as_str().into())],
        ),
        Refusal::DateOutOfRange { member } => {
            let detail = format!("{member} must be later than now, and at most 365 days ahead.");
            (Kind::DateOutOfRange, detail.into(), Vec::new())
        }
        Refusal::EndNotOnAnchor => {
            fixed(Kind::EndNotOnAnchor, "end_date must be a whole number of months after anchor.")
        }
        Refusal::EndInPast => fixed(Kind::EndInPast, "end_date must be later than now."),
        Refusal::GiftNotRecipient => {
            fixed(Kind::GiftNotRecipient, "The gift was sent to another email address.")
        }
        Refusal::GiftAlreadyRedeemed { redeemed_at, subscription } => {
            let mut members = vec![("redeemed_at", timestamp(*redeemed_at).into())];
            members.extend(subscription.map(|id| ("subscription_id", id.get().into())));
            (Kind::GiftAlreadyRedeemed, "A gift can be redeemed once.".into(), members)
        }
        Refusal::GiftExpired { expired_at } => (
            Kind::GiftExpired,
            "The gift was not redeemed before it expired.".into(),
            vec![("expired_at", timestamp(*expired_at).into())],
        ),
        Refusal::UnknownPlan { plan, on_sale, more } => {
            (Kind::UnknownPlan, unknown_plan(plan, on_sale, *more).into(), Vec::new())
        }
        Refusal::PlanRetired { plan } => {
            let detail = format!("The {plan} plan is not sold any more.");
            (Kind::PlanRetired, detail.into(), Vec::new())
        }
        Refusal::DurationNotMultiple { plan, interval_months } => {
            let detail =
                format!("The {plan} plan is sold in multiples of {interval_months} months.");
            (Kind::DurationNotMultiple, detail.into(), Vec::new())
        }
        Refusal::TermTooLong => {
            fixed(Kind::TermTooLong, "No subscription can end after the year 9999.")
        }
        Refusal::NotATestClient => {
            fixed(Kind::NotATestClient, "The time of this client is the real one.")
        }
        Refusal::ClockAdvancing => {
            fixed(Kind::ClockAdvancing, "Wait until the advance before this one has ended.")
        }
        Refusal::ClockBackwards { now } => (
            Kind::ClockBackwards,
            "to must not be earlier than what the clock says.".into(),
            vec![("now", timestamp(*now).into())],
        ),
        Refusal::ClockTooFar => fixed(
            Kind::ClockTooFar,
            "to must be at most five years after what the clock says, and before the year 9000.",
        ),
        Refusal::TrialNotAvailable => fixed(
            Kind::TrialNotAvailable,
            "The plan has no trial, or the user has had one of its tier. Nothing was charged.",
        ),
        Refusal::PaymentInProgress { payment } => (
            Kind::PaymentInProgress,
            "Wait until the end of that payment is known.".into(),
            vec![("payment_id", payment.get().into())],
        ),
        Refusal::CurrencyMismatch { currency } => {
            let currency = currency.as_str();
            let detail = format!("The user pays in {currency}.");
            (Kind::CurrencyMismatch, detail.into(), vec![("currency", currency.into())])
        }
        Refusal::PriceTooSmall { plan } => {
            let detail = format!("The price of the {plan} plan is less than can be charged.");
            (Kind::PriceTooSmall, detail.into(), Vec::new())
        }
        Refusal::PaymentMethodRequired => fixed(
            Kind::PaymentMethodRequired,
            "The user has no default payment method, and there is something to pay.",
        ),
        Refusal::PaymentMethodNotFound => {
            fixed(Kind::PaymentMethodNotFound, "No payment method has this id.")
        }
        Refusal::PaymentMethodDeclined { decline_code } => (
            Kind::PaymentMethodDeclined,
            "The provider has refused the payment method.".into(),
            vec![("decline_code", decline_code.as_str().into())],
        ),
        Refusal::PaymentDeclined { payment, decline_code } => (
            Kind::PaymentDeclined,
            "The payment method was not charged, and nothing was changed.".into(),
            vec![("decline_code", decline_code.as_str().into()), shown(payment)],
        ),
        Refusal::PaymentActionRequired { payment } => (
            Kind::PaymentActionRequired,
            "The user has to confirm the payment at its action_url. Until then nothing changes."
                .into(),
            action_url(payment).into_iter().chain([shown(payment)]).collect(),
        ),
        Refusal::TooLate { why, payment } => {
            let (kind, detail, mut members) = parts(why);
            members.push(shown(payment));
            let is_paid = payment.phase == PaymentPhase::Succeeded;
            let back = if is_paid { " What was charged for this is paid back." } else { "" };
            (kind, format!("{detail}{back}").into(), members)
        }
        Refusal::PaymentLapsed => {
            not_processed("Nothing waited for the payment any more, and nothing was changed.")
        }
        Refusal::NotAsPriced => not_processed(
            "What the change was priced by has changed meanwhile, and so nothing was changed.",
        ),
        Refusal::PaymentNotFound => fixed(Kind::PaymentNotFound, "No payment has this id."),
        Refusal::PaymentNotRefundable => fixed(
            Kind::PaymentNotRefundable,
            "The payment did not succeed, had no cash, or was paid back already.",
        ),
        Refusal::PaymentDisputed => {
            fixed(Kind::PaymentDisputed, "The user disputes the payment at his bank.")
        }
        Refusal::RefundTooLarge { amount_max } => (
            Kind::RefundTooLarge,
            format!("At most {amount_max} can be paid back.").into(),
            vec![("amount_max", (*amount_max).into())],
        ),
        Refusal::RefundPartialGift => {
            fixed(Kind::RefundPartialGift, "The payment of a gift is paid back whole.")
        }
        Refusal::PlanUnchanged => {
            fixed(Kind::PlanUnchanged, "The subscription has this plan, in its newest version.")
        }
        Refusal::GiftCancelled => fixed(Kind::GiftCancelled, "The gift was taken back."),
        Refusal::PaymentMethodsDisabled => fixed(
            Kind::PaymentsDisabled,
            "No payments are taken here, so that nobody needs a payment method.",
        ),
        Refusal::PaymentsDisabled { plan } => {
            let detail = format!("The {plan} plan has a price, and no payments are taken here.");
            (Kind::PaymentsDisabled, detail.into(), Vec::new())
        }
    }
}

/// A payment that was too late. It may have succeeded, so this does not say that nothing was
/// charged: who refuses it shows the payment beside it.
fn not_processed(detail: &'static str) -> (ProblemKind, Cow<'static, str>, Members) {
    let members = vec![("decline_code", DeclineCode::NOT_PROCESSED.into())];
    (ProblemKind::PaymentDeclined, detail.into(), members)
}

/// Where the user confirms the payment, as a member of a problem.
fn action_url(payment: &Payment) -> Option<(&'static str, Value)> {
    match &payment.phase {
        PaymentPhase::ActionRequired { action_url } => {
            Some(("action_url", action_url.as_str().into()))
        }
        _ => None,
    }
}

/// The payment as a member of a problem.
fn shown(payment: &Payment) -> (&'static str, Value) {
    // A view has only strings and numbers, so writing one cannot fail.
    ("payment", serde_json::to_value(PaymentView::from(payment)).unwrap_or_default())
}

fn unknown_plan(plan: &str, on_sale: &[String], more: bool) -> String {
    let known = on_sale.join(", ");
    match (on_sale, more) {
        ([], _) => format!("There is no plan {plan}, and none is on sale."),
        (_, false) => format!("There is no plan {plan}; the plans are {known}."),
        (_, true) => {
            format!("There is no plan {plan}; the plans are {known} and more: see GET /plans.")
        }
    }
}

/// The kind of problem that a refusal is written as.
#[must_use]
pub fn kind(refusal: &Refusal) -> ProblemKind {
    parts(refusal).0
}

/// The document that the client gets.
#[must_use]
pub fn problem(refusal: &Refusal) -> Problem {
    let (kind, detail, members) = parts(refusal);
    let problem = Problem::new(kind, detail);
    members.into_iter().fold(problem, |problem, (name, value)| problem.with(name, value))
}

/// A sample of each refusal, for the documentation.
pub(crate) fn samples() -> [Refusal; 43] {
    let instant = Instant::from_timestamp_nanos(1_782_864_000_000_000_000);
    [
        Refusal::UserNotFound,
        Refusal::GifterNotFound,
        Refusal::SubscriptionNotFound,
        Refusal::GiftNotFound,
        Refusal::PlanNotFound,
        Refusal::EmailTaken,
        Refusal::ExternalIdTaken { user: UserId::new(42) },
        Refusal::AlreadySubscribed { subscription: SubscriptionId::new(7), end_date: instant },
        Refusal::SubscriptionNotActive { current: SubscriptionStatus::Cancelled },
        Refusal::NotCancelling,
        Refusal::SubscriptionCancelling,
        Refusal::SubscriptionNotPaused { current: SubscriptionStatus::Active },
        Refusal::DateOutOfRange { member: "resume_at" },
        Refusal::EndNotOnAnchor,
        Refusal::EndInPast,
        Refusal::GiftNotRecipient,
        Refusal::GiftAlreadyRedeemed {
            redeemed_at: instant,
            subscription: Some(SubscriptionId::new(7)),
        },
        Refusal::GiftExpired { expired_at: instant },
        Refusal::UnknownPlan {
            plan: "gold".to_owned(),
            on_sale: vec!["monthly".to_owned(), "yearly".to_owned()],
            more: false,
        },
        Refusal::PlanRetired { plan: "gold".to_owned() },
        Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 },
        Refusal::TermTooLong,
        Refusal::NotATestClient,
        Refusal::ClockAdvancing,
        Refusal::ClockBackwards { now: instant },
        Refusal::ClockTooFar,
        Refusal::TrialNotAvailable,
        Refusal::PaymentInProgress { payment: PaymentId::new(9) },
        Refusal::CurrencyMismatch { currency: Currency::USD },
        Refusal::PriceTooSmall { plan: "gold".to_owned() },
        Refusal::PaymentMethodRequired,
        Refusal::PaymentMethodNotFound,
        Refusal::PaymentMethodDeclined { decline_code: "generic_decline".to_owned() },
        declined(instant),
        Refusal::PaymentActionRequired { payment: Box::new(awaiting_action(instant)) },
        Refusal::PaymentNotFound,
        Refusal::PaymentNotRefundable,
        Refusal::PaymentDisputed,
        Refusal::RefundTooLarge { amount_max: 1500 },
        Refusal::RefundPartialGift,
        Refusal::PlanUnchanged,
        Refusal::GiftCancelled,
        Refusal::PaymentsDisabled { plan: "gold".to_owned() },
    ]
}

fn declined(now: Instant) -> Refusal {
    let decline_code = "insufficient_funds".to_owned();
    let phase = PaymentPhase::Declined { decline_code: decline_code.clone() };
    Refusal::PaymentDeclined { payment: Box::new(payment(now).ended(phase, now)), decline_code }
}

fn awaiting_action(now: Instant) -> Payment {
    let action_url = "https://bank.example/confirm/1".to_owned();
    payment(now).in_phase(PaymentPhase::ActionRequired { action_url })
}

/// A sample of a payment.
fn payment(now: Instant) -> Payment {
    let subscription = SubscriptionId::new(7);
    Payment {
        id: PaymentId::new(9),
        client: ClientId::LOCAL,
        user: UserId::new(42),
        purpose: Purpose::Renew { subscription, months: 1, clears_flag: false },
        plan: "gold".to_owned(),
        plan_version: 1,
        amount: 2000,
        cash: 1500,
        credit: 500,
        currency: Currency::USD,
        provider: Some(Provider::Stripe),
        method: Some(PaymentMethodId::new(3)),
        phase: PaymentPhase::Sent,
        refunded: 0,
        refunding: 0,
        dispute: None,
        job: JobId::new(Uuid::nil()),
        created_at: now,
        expires_at: now + Payment::UNPAID_MAX,
        settled_at: None,
    }
}
