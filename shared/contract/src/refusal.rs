//! Writes the refusals of the business rules for clients.

use crate::problem::{Problem, ProblemKind};
use crate::view::timestamp;
use domain::{Plan, Refusal};

/// The kind of problem that a refusal is written as.
#[must_use]
pub const fn kind(refusal: &Refusal) -> ProblemKind {
    match refusal {
        Refusal::UserNotFound => ProblemKind::UserNotFound,
        Refusal::GifterNotFound => ProblemKind::GifterNotFound,
        Refusal::SubscriptionNotFound => ProblemKind::SubscriptionNotFound,
        Refusal::GiftNotFound => ProblemKind::GiftNotFound,
        Refusal::EmailTaken => ProblemKind::EmailTaken,
        Refusal::AlreadySubscribed { .. } => ProblemKind::AlreadySubscribed,
        Refusal::SubscriptionNotActive { .. } => ProblemKind::SubscriptionNotActive,
        Refusal::GiftNotRecipient => ProblemKind::GiftNotRecipient,
        Refusal::GiftAlreadyRedeemed => ProblemKind::GiftAlreadyRedeemed,
        Refusal::GiftExpired { .. } => ProblemKind::GiftExpired,
        Refusal::UnknownPlan { .. } => ProblemKind::UnknownPlan,
        Refusal::DurationNotMultiple { .. } => ProblemKind::DurationNotMultiple,
        Refusal::TermTooLong => ProblemKind::TermTooLong,
    }
}

/// The document that the client gets.
#[must_use]
pub fn problem(refusal: &Refusal) -> Problem {
    let with = |detail: &str| Problem::new(kind(refusal), detail);
    match refusal {
        Refusal::UserNotFound => with("No user has this id."),
        Refusal::GifterNotFound => with("No user has the id given as gifter_id."),
        Refusal::SubscriptionNotFound => with("No subscription has this id."),
        Refusal::GiftNotFound => with("No gift has this id."),
        Refusal::EmailTaken => with("Another user has this email address."),
        Refusal::AlreadySubscribed { subscription, end_date } => {
            with("The user has an active subscription: renew that one instead.")
                .with("subscription_id", subscription.get())
                .with("end_date", timestamp(*end_date))
        }
        Refusal::SubscriptionNotActive { current } => {
            with("Only an active subscription can be changed.")
                .with("current_status", current.as_str())
        }
        Refusal::GiftNotRecipient => with("The gift was sent to another email address."),
        Refusal::GiftAlreadyRedeemed => with("A gift can be redeemed once."),
        Refusal::GiftExpired { expired_at } => with("The gift was not redeemed before it expired.")
            .with("expired_at", timestamp(*expired_at)),
        Refusal::UnknownPlan { plan } => {
            let known = Plan::ALL.map(Plan::code).join(", ");
            with(&format!("There is no plan {plan}; the plans are {known}."))
        }
        Refusal::DurationNotMultiple { plan, interval_months } => with(&format!(
            "The {} plan is sold in multiples of {interval_months} months.",
            plan.code()
        )),
        Refusal::TermTooLong => with("No subscription can end after the year 9999."),
    }
}
