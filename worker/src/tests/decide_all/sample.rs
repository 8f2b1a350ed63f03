//! A working set, and what commands come to in it.

use crate::apply::{DecidedBatch, NumberedAttempt, decide_all};
use crate::tests::commands::{self, GIFT_TTL, attempt_of, attempts_of, cancel, email};
use domain::{
    Change, Changes, ClientId, Command, Gift, GiftId, GiftState, Instant, JobId, LogEntry, NewIds,
    Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus, User, UserId, WorkingSet,
};
use std::collections::HashMap;
use store::BatchContext;

pub(crate) const SHOP: ClientId = ClientId::new(100);
pub(crate) const ALICE: i64 = 1;
/// Of `SHOP` too; has a subscription that lapsed.
pub(crate) const BOB: i64 = 2;
/// Alice's subscription.
const HELD: i64 = 10;

pub(crate) const CANCEL: Command = cancel(HELD);

pub(crate) const fn renew(months: u32) -> Command {
    commands::renew(HELD, months)
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

fn held() -> Subscription {
    Subscription {
        id: SubscriptionId::new(HELD),
        user: UserId::new(ALICE),
        client: SHOP,
        plan: "monthly".to_owned(),
        state: SubscriptionState::Active,
        months: 1,
        start_date: at("2026-05-31T00:00:00Z"),
        end_date: at("2026-06-30T00:00:00Z"),
        created_at: at("2026-05-31T00:00:00Z"),
        updated_at: at("2026-05-31T00:00:00Z"),
    }
}

/// Gifts 20 and 21 are for Alice, 22 and 23 for Bob: two months each.
fn gift(id: i64) -> Gift {
    Gift {
        id: GiftId::new(id),
        gifter: UserId::new(BOB),
        client: SHOP,
        recipient_email: email(if id < 22 { "alice@example.com" } else { "bob@example.com" }),
        state: GiftState::Pending,
        months: 2,
        expires_at: at("2026-07-01T00:00:00Z"),
        created_at: at("2026-06-01T00:00:00Z"),
    }
}

fn user(id: i64, address: &str) -> User {
    let created_at = at("2026-01-01T00:00:00Z");
    User { id: UserId::new(id), client: SHOP, email: email(address), created_at }
}

/// Alice with her subscription, Bob with his that ended just now, and four gifts.
pub(crate) fn working_set() -> WorkingSet {
    let (id, user_id) = (SubscriptionId::new(11), UserId::new(BOB));
    let lapsed = Subscription { id, user: user_id, end_date: now(), ..held() };
    let mut working_set = WorkingSet::default();
    working_set.apply(Change::User(user(ALICE, "alice@example.com")));
    working_set.apply(Change::User(user(BOB, "bob@example.com")));
    working_set.apply(Change::Subscription(held()));
    working_set.apply(Change::Subscription(lapsed));
    (20..24).for_each(|id| working_set.apply(Change::Gift(gift(id))));
    working_set
}

/// An attempt at a command of `SHOP`, in a job of its own for each `key`.
pub(crate) fn attempt(key: &str, command: Command) -> NumberedAttempt {
    attempt_of(SHOP, key, command)
}

/// Attempts at commands of `SHOP`, each in a job of its own.
pub(crate) fn attempts(commands: impl IntoIterator<Item = Command>) -> Vec<NumberedAttempt> {
    attempts_of(SHOP, commands)
}

/// What the batch comes to, with new ids from 1000, 2000 and 3000, handed out in no order.
pub(crate) fn decided(
    attempts: &[NumberedAttempt],
    known: HashMap<JobId, LogEntry>,
) -> DecidedBatch {
    let ids = |from: i64| {
        let ids = from..from + i64::try_from(attempts.len()).unwrap();
        let (even, odd): (Vec<_>, Vec<_>) = ids.partition(|id| id % 2 == 0);
        [odd, even].concat()
    };
    let new_ids = NewIds::new(ids(1000), ids(3000), ids(2000));
    let context = BatchContext { now: now(), decided: vec![], new_ids };
    decide_all(working_set(), attempts, known, context, GIFT_TTL)
}

/// What the commands come to in one batch.
pub(crate) fn batch(commands: impl IntoIterator<Item = Command>) -> DecidedBatch {
    decided(&attempts(commands), HashMap::new())
}

pub(crate) fn statuses(decided: &DecidedBatch) -> Vec<u16> {
    decided.entries.iter().map(|entry| entry.answer.status).collect()
}

/// The subscriptions to be written, as (id, status, months).
pub(crate) fn written(changes: &Changes) -> Vec<(i64, SubscriptionStatus, u32)> {
    changes.subscriptions.values().map(|s| (s.id.get(), s.state.status(), s.months)).collect()
}
