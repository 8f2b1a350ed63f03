//! People, instants and rows to make tests of.

use chrono::TimeDelta;
use shared::domain::decide::{Circumstances, Decision, decide};
use shared::domain::world::Change;
use shared::domain::{
    ClientId, Command, Email, Gift, GiftId, GiftStatus, Grant, GrantSource, Instant, JobId,
    PlanCode, Refusal, Subscription, SubscriptionId, SubscriptionStatus, User, UserId, World,
};
use uuid::Uuid;

/// Whose commands are tested.
pub(crate) const SHOP: ClientId = ClientId(100);
/// A client that has nothing to do with `SHOP`.
pub(crate) const RIVAL: ClientId = ClientId(101);

/// Users of `SHOP`.
pub(crate) const ALICE: UserId = UserId(1);
pub(crate) const BOB: UserId = UserId(2);
/// The user of `RIVAL`. Has the same email as Alice.
pub(crate) const EVE: UserId = UserId(3);
/// A user that no client has.
pub(crate) const NOBODY: UserId = UserId(99);

/// The job that is decided, and the id of whatever it makes.
pub(crate) const JOB: JobId = JobId(Uuid::from_u128(7));
pub(crate) const NEW: i64 = 1000;

pub(crate) const GIFT_TTL: TimeDelta = TimeDelta::days(30);

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// When commands are decided, unless a test says otherwise.
pub(crate) fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn plan(code: &str) -> PlanCode {
    PlanCode::parse(code).unwrap()
}

pub(crate) fn user(id: UserId, client: ClientId, address: &str) -> User {
    User { id, client, email: email(address), created_at: at("2026-01-01T00:00:00Z") }
}

pub(crate) fn people() -> [Change; 3] {
    [
        Change::User(user(ALICE, SHOP, "Alice@example.com")),
        Change::User(user(BOB, SHOP, "bob@example.com")),
        Change::User(user(EVE, RIVAL, "alice@example.com")),
    ]
}

/// A world of `people` and `rows`.
pub(crate) fn world(rows: impl IntoIterator<Item = Change>) -> World {
    let mut world = World::default();
    for row in people().into_iter().chain(rows) {
        world.apply(row);
    }
    world
}

/// A monthly subscription of Alice from `start` to `end`, as a purchase leaves it.
pub(crate) fn subscription(id: i64, months: u32, start: &str, end: &str) -> Subscription {
    Subscription {
        id: SubscriptionId(id),
        user: ALICE,
        client: SHOP,
        plan: "monthly".to_owned(),
        status: SubscriptionStatus::Active,
        months,
        start_date: at(start),
        end_date: at(end),
        cancelled_at: None,
        created_at: at(start),
        updated_at: at(start),
    }
}

/// A gift of three months from Bob to Alice, which can be redeemed until 1 July.
pub(crate) fn gift(id: i64) -> Gift {
    Gift {
        id: GiftId(id),
        gifter: BOB,
        client: SHOP,
        recipient_email: email("alice@EXAMPLE.com"),
        recipient: None,
        status: GiftStatus::Pending,
        months: 3,
        expires_at: at("2026-07-01T00:00:00Z"),
        redeemed_at: None,
        created_at: at("2026-06-01T00:00:00Z"),
    }
}

pub(crate) fn grant(subscription: i64, source: GrantSource, months: u32) -> Grant {
    let subscription = SubscriptionId(subscription);
    Grant { subscription, source, months, job: JOB, granted_at: now() }
}

/// What comes of `command` of `SHOP` at `now`.
pub(crate) fn decide_at(world: &World, command: &Command, now: Instant) -> Decision {
    let circumstances = Circumstances { now, job: JOB, new_id: NEW, gift_ttl: GIFT_TTL };
    decide(world, SHOP, command, circumstances)
}

/// What comes of `command` of `SHOP`.
pub(crate) fn decided(world: &World, command: &Command) -> Decision {
    decide_at(world, command, now())
}

/// A refusal changes nothing.
pub(crate) fn refused(refusal: Refusal) -> Decision {
    Decision { changes: Vec::new(), result: Err(refusal) }
}
