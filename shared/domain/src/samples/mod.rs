//! People, instants and rows to make tests of. They are here rather than in a crate of tests,
//! because the tests inside this crate cannot use rows of the crate as others build it.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a sample that cannot be made fails its test, as it should"
)]

mod commands;
mod decided;
mod given;
mod money;

pub use commands::*;
pub use decided::*;
pub use given::*;
pub use money::*;

use crate::{
    ClientId, Currency, Email, ExternalId, Gift, GiftId, GiftState, Grant, GrantId, GrantSource,
    Instant, Interval, JobId, Metadata, Money, Plan, PlanCode, PlanDetails, PlanId, PlanSpec,
    Slice, Subscription, SubscriptionId, User, UserId,
};
use uuid::Uuid;

/// The client whose commands are tested.
pub const SHOP: ClientId = ClientId::new(100);
/// A client that has nothing to do with `SHOP`.
pub const RIVAL: ClientId = ClientId::new(101);
/// A user of `SHOP`.
pub const ALICE: UserId = UserId::new(1);
/// Another user of `SHOP`.
pub const BOB: UserId = UserId::new(2);
/// A user of `RIVAL`, who has the same email as Alice.
pub const EVE: UserId = UserId::new(3);
/// A user that no client has.
pub const NOBODY: UserId = UserId::new(99);
/// The job that carries the command.
pub const JOB: JobId = JobId::new(Uuid::from_u128(7));

/// The instant of that RFC 3339 text.
#[must_use]
pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// When commands are decided, unless a test says otherwise.
#[must_use]
pub fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

/// The address of that text.
#[must_use]
pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// The external id of that text.
#[must_use]
pub fn external_id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

/// The metadata of these pairs.
#[must_use]
pub fn metadata<const N: usize>(pairs: [(&str, &str); N]) -> Metadata {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Metadata::new(owned.into()).unwrap()
}

/// The plan of that code.
#[must_use]
pub fn plan(code: &str) -> PlanCode {
    PlanCode::parse(code).unwrap()
}

/// What the built-in monthly plan is.
#[must_use]
pub fn monthly() -> PlanSpec {
    PlanSpec {
        name: "Monthly".to_owned(),
        tier: "standard".to_owned(),
        tier_rank: 0,
        interval: Interval::Month,
        price: Money { amount: 0, currency: Currency::parse("USD").unwrap() },
        trial_days: 0,
        grace_days: 7,
        features: Vec::new(),
    }
}

/// A plan of `SHOP` of that code, as the built-in ones are made: yearly if its code says so.
#[must_use]
pub fn plan_of(code: &str) -> Plan {
    let (id, interval) = if code == "yearly" { (2, Interval::Year) } else { (1, Interval::Month) };
    let spec = PlanSpec { interval, ..monthly() };
    Plan::new(PlanId::new(id), (SHOP, plan(code)), &spec, at("2026-01-01T00:00:00Z"))
}

/// A plan of `SHOP` of that code, which is its tier, too.
#[must_use]
pub fn plan_of_tier(code: &str) -> Plan {
    let (id, plan) = (PlanId::new(7), plan_of(code));
    let details = PlanDetails { tier: code.to_owned(), ..plan.details };
    Plan { id, details, ..plan }
}

/// The built-in plans of a client.
pub fn built_in_plans(client: ClientId) -> impl Iterator<Item = Plan> {
    ["monthly", "yearly"].into_iter().map(move |code| Plan { client, ..plan_of(code) })
}

/// A user.
#[must_use]
pub fn user(id: UserId, client: ClientId, address: &str) -> User {
    User {
        id,
        client,
        email: email(address),
        external_id: None,
        metadata: Metadata::default(),
        currency: None,
        credit: 0,
        default_method: None,
        created_at: at("2026-01-01T00:00:00Z"),
    }
}

/// A monthly subscription of Alice from `start` to `end`, as a purchase leaves it.
#[must_use]
pub fn subscription(id: i64, months: u32, start: &str, end: &str) -> Subscription {
    let (id, start) = (SubscriptionId::new(id), at(start));
    let begun = Subscription::start(id, (ALICE, SHOP), plan_of("monthly").sold(), months, start);
    let begun = begun.unwrap();
    Subscription { end_date: at(end), ..begun }
}

/// A subscription of Alice to the plan of that code that waits since 10 June.
#[must_use]
pub fn waiting(id: i64, code: &str, months: u32) -> Subscription {
    let (id, made_at) = (SubscriptionId::new(id), at("2026-06-10T00:00:00Z"));
    Subscription::scheduled(id, (ALICE, SHOP), plan_of(code).sold(), months, made_at)
}

/// A gift of three months from Bob to Alice, which can be redeemed until 1 July.
#[must_use]
pub fn gift(id: i64) -> Gift {
    Gift {
        id: GiftId::new(id),
        gifter: BOB,
        client: SHOP,
        recipient_email: email("alice@EXAMPLE.com"),
        state: GiftState::Pending,
        plan: "monthly".to_owned(),
        plan_version: 1,
        grace_days: 7,
        months: 3,
        value: 0,
        currency: None,
        payment: None,
        expires_at: at("2026-07-01T00:00:00Z"),
        created_at: at("2026-06-01T00:00:00Z"),
    }
}

/// Months that `JOB` grants at `now` to a subscription of `SHOP`, for nothing.
#[must_use]
pub fn grant(
    subscription: SubscriptionId,
    source: GrantSource,
    months: u32,
    slice: Slice,
) -> Grant {
    Grant {
        id: GrantId::new(NEW),
        client: SHOP,
        subscription,
        source,
        months,
        job: JOB,
        granted_at: now(),
        slice: Some(slice),
        length: None,
        value: 0,
        currency: None,
        payment: None,
        to_credit: 0,
        from_grant: None,
        closed_at: None,
    }
}
