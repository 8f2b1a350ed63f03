//! Commands, jobs and worlds of usual size.

use chrono::TimeDelta;
use shared::domain::decide::Circumstances;
use shared::domain::world::Change;
use shared::domain::{
    Answer, ClientId, Command, Decision, Email, Fingerprint, Gift, GiftId, GiftStatus,
    IdempotencyKey, Instant, PlanCode, Subscription, SubscriptionId, SubscriptionStatus, User,
    UserId, World, decide,
};
use shared::queue::job::QueuedJob;
use uuid::Uuid;

pub(crate) const SHOP: ClientId = ClientId(100);
/// Has the subscription [`HELD`].
pub(crate) const ALICE: UserId = UserId(1);
/// Has none.
pub(crate) const BOB: UserId = UserId(2);
pub(crate) const HELD: SubscriptionId = SubscriptionId(10);
/// From Alice, for Bob.
pub(crate) const GIFT: GiftId = GiftId(20);
pub(crate) const GIFT_TTL: TimeDelta = TimeDelta::days(30);

pub(crate) fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn subscribe(user_id: UserId) -> Command {
    let plan = PlanCode::parse("monthly").unwrap();
    Command::Subscribe { user_id, plan, duration_months: Some(1) }
}

/// A key like those that most clients make: the text of a UUID.
pub(crate) fn key(number: u64) -> IdempotencyKey {
    IdempotencyKey::parse(Uuid::from_u128(number.into()).to_string().as_bytes()).unwrap()
}

/// A job of its own for each number.
pub(crate) fn job(number: u64, command: Command) -> QueuedJob {
    QueuedJob {
        client: SHOP,
        key: key(number),
        fingerprint: Fingerprint::of_request("POST", "/subscribe", &number.to_be_bytes()),
        submitted_at: now(),
        command,
    }
}

/// Alice, Bob, and what they have.
pub(crate) fn world() -> World {
    let mut world = World::default();
    world.apply(Change::User(user(ALICE, "alice@example.com")));
    world.apply(Change::User(user(BOB, "bob@example.com")));
    world.apply(Change::Subscription(Subscription {
        id: HELD,
        user: ALICE,
        client: SHOP,
        plan: "monthly".to_owned(),
        status: SubscriptionStatus::Active,
        months: 1,
        start_date: at("2026-05-31T00:00:00Z"),
        end_date: at("2026-06-30T00:00:00Z"),
        cancelled_at: None,
        created_at: at("2026-05-31T00:00:00Z"),
        updated_at: at("2026-05-31T00:00:00Z"),
    }));
    world.apply(Change::Gift(Gift {
        id: GIFT,
        gifter: ALICE,
        client: SHOP,
        recipient_email: email("bob@example.com"),
        recipient: None,
        status: GiftStatus::Pending,
        months: 2,
        expires_at: at("2026-07-01T00:00:00Z"),
        redeemed_at: None,
        created_at: at("2026-06-01T00:00:00Z"),
    }));
    world
}

/// So many users without subscriptions.
pub(crate) fn crowd(users: &[UserId]) -> World {
    let mut world = World::default();
    for id in users {
        world.apply(Change::User(user(*id, &format!("user-{}@example.com", id.0))));
    }
    world
}

fn user(id: UserId, address: &str) -> User {
    User { id, client: SHOP, email: email(address), created_at: at("2026-01-01T00:00:00Z") }
}

pub(crate) fn circumstances(job: &QueuedJob) -> Circumstances {
    Circumstances { now: now(), job: job.id(), new_id: 1000, gift_ttl: GIFT_TTL }
}

/// What Bob is told when he subscribes.
pub(crate) fn answer() -> Answer {
    let job = job(0, subscribe(BOB));
    let Decision { result, .. } = decide(&world(), SHOP, &job.command, circumstances(&job));
    Answer::of(job.id(), &result, now())
}
