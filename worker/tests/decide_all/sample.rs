//! Attempts and worlds to make tests of.

use chrono::TimeDelta;
use shared::domain::world::{Change, Changes};
use shared::domain::{
    ClientId, Command, Email, Fingerprint, Gift, GiftId, GiftStatus, IdempotencyKey, Instant,
    JobId, PlanCode, Subscription, SubscriptionId, SubscriptionStatus, User, UserId, World,
};
use shared::queue::job::QueuedJob;
use shared::store::ledger::Entry;
use shared::store::world::Drawn;
use std::collections::HashMap;
use std::sync::Arc;
use worker::apply::{Attempt, Decided, decide_all};

pub(crate) const SHOP: ClientId = ClientId(100);
pub(crate) const ALICE: UserId = UserId(1);
/// Of `SHOP` too; has a subscription that lapsed.
pub(crate) const BOB: UserId = UserId(2);
/// Alice's subscription.
pub(crate) const HELD: SubscriptionId = SubscriptionId(10);

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn subscribe(user_id: UserId) -> Command {
    let plan = PlanCode::parse("monthly").unwrap();
    Command::Subscribe { user_id, plan, duration_months: Some(1) }
}

pub(crate) const fn renew(months: u32) -> Command {
    Command::Renew { subscription_id: HELD, duration_months: Some(months) }
}

pub(crate) const CANCEL: Command = Command::Cancel { subscription_id: HELD };

pub(crate) const fn redeem(gift: i64, user_id: UserId) -> Command {
    Command::Redeem { gift_id: GiftId(gift), user_id }
}

pub(crate) fn held() -> Subscription {
    Subscription {
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
    }
}

/// Gifts 20 and 21 are for Alice, 22 and 23 for Bob: two months each.
fn gift(id: i64) -> Gift {
    Gift {
        id: GiftId(id),
        gifter: BOB,
        client: SHOP,
        recipient_email: email(if id < 22 { "alice@example.com" } else { "bob@example.com" }),
        recipient: None,
        status: GiftStatus::Pending,
        months: 2,
        expires_at: at("2026-07-01T00:00:00Z"),
        redeemed_at: None,
        created_at: at("2026-06-01T00:00:00Z"),
    }
}

pub(crate) fn world() -> World {
    let created_at = at("2026-01-01T00:00:00Z");
    let user = |id, text| User { id, client: SHOP, email: email(text), created_at };
    let end_date = at("2026-06-15T12:00:00.123456Z");
    let lapsed = Subscription { id: SubscriptionId(11), user: BOB, end_date, ..held() };
    let mut world = World::default();
    world.apply(Change::User(user(ALICE, "alice@example.com")));
    world.apply(Change::User(user(BOB, "bob@example.com")));
    world.apply(Change::Subscription(held()));
    world.apply(Change::Subscription(lapsed));
    (20..24).for_each(|id| world.apply(Change::Gift(gift(id))));
    world
}

/// An attempt at a command of `SHOP`, in a job of its own for each `key`.
pub(crate) fn attempt(key: &str, command: Command) -> Attempt {
    attempt_of(SHOP, key, command)
}

pub(crate) fn attempt_of(client: ClientId, key: &str, command: Command) -> Attempt {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let fingerprint = Fingerprint::of_request("POST", "/", format!("{command:?}").as_bytes());
    let submitted_at = at("2026-06-15T11:59:59Z");
    let job = QueuedJob { client, key, fingerprint, submitted_at, command };
    Attempt { id: job.id(), job: Arc::new(job), holder: "w".into(), number: 1 }
}

/// Attempts at commands, each in a job of its own.
pub(crate) fn attempts(commands: impl IntoIterator<Item = Command>) -> Vec<Attempt> {
    let numbered = (0..).zip(commands);
    numbered.map(|(n, command): (u32, _)| attempt(&format!("key-{n}"), command)).collect()
}

/// What the batch comes to, with new ids from 1000, 2000 and 3000, handed out in no order.
pub(crate) fn decided(attempts: &[Attempt], known: HashMap<JobId, Entry>) -> Decided {
    let ids = |from: i64| {
        let ids = from..from + i64::try_from(attempts.len()).unwrap();
        let (even, odd): (Vec<_>, Vec<_>) = ids.partition(|id| id % 2 == 0);
        [odd, even].concat()
    };
    let drawn = Drawn {
        now: now(),
        decided: vec![],
        users: ids(1000),
        subscriptions: ids(2000),
        gifts: ids(3000),
    };
    decide_all(world(), attempts, known, drawn, TimeDelta::days(30))
}

/// What the commands come to in one batch.
pub(crate) fn batch(commands: impl IntoIterator<Item = Command>) -> Decided {
    decided(&attempts(commands), HashMap::new())
}

pub(crate) fn statuses(decided: &Decided) -> Vec<u16> {
    decided.entries.iter().map(|entry| entry.answer.status).collect()
}

/// The subscriptions to be written, as (id, status, months).
pub(crate) fn written(changes: &Changes) -> Vec<(i64, SubscriptionStatus, u32)> {
    changes.subscriptions.values().map(|s| (s.id.0, s.status, s.months)).collect()
}
