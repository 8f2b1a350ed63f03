//! Writes the refusals of the business rules for clients.

use crate::problem::{Problem, ProblemKind};
use crate::view::timestamp;
use domain::{Instant, Refusal, SubscriptionId, SubscriptionStatus, UserId};
use serde_json::Value;
use std::borrow::Cow;

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
        Refusal::GiftAlreadyRedeemed => {
            fixed(Kind::GiftAlreadyRedeemed, "A gift can be redeemed once.")
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
        Refusal::PaymentsDisabled { plan } => {
            let detail = format!("The {plan} plan has a price, and no payments are taken here.");
            (Kind::PaymentsDisabled, detail.into(), Vec::new())
        }
    }
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
pub(crate) fn samples() -> [Refusal; 27] {
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
        Refusal::GiftAlreadyRedeemed,
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
        Refusal::PaymentsDisabled { plan: "gold".to_owned() },
    ]
}
