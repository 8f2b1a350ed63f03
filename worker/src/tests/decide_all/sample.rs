//! A working set, and what commands come to in it.

use crate::apply::{DecidedBatch, NumberedAttempt, decide_all};
use crate::tests::attempts::{POLICY, attempt_of, attempts_of};
use domain::{
    Change, Changes, Command, DrawnIds, Gift, JobId, LogEntry, NewIds, Subscription,
    SubscriptionId, SubscriptionStatus, WorkingSet,
};
use samples::{SHOP, email, now, user};
use std::collections::HashMap;
use store::BatchContext;
use support::commands::{self, cancel};

pub(crate) const ALICE: i64 = samples::ALICE.get();
/// Another user of `SHOP`, whose subscription has lapsed.
pub(crate) const BOB: i64 = samples::BOB.get();
/// Alice's subscription.
const HELD: i64 = 10;

pub(crate) const CANCEL: Command = cancel(HELD);

pub(crate) const fn renew(months: u32) -> Command {
    commands::renew(HELD, months)
}

pub(crate) fn held() -> Subscription {
    samples::subscription(HELD, 1, "2026-05-31T00:00:00Z", "2026-06-30T00:00:00Z")
}

/// Gifts 20 and 21 are for Alice, 22 and 23 for Bob: two months each.
fn gift(id: i64) -> Gift {
    let recipient_email = email(if id < 22 { "alice@example.com" } else { "bob@example.com" });
    Gift { recipient_email, months: 2, ..samples::gift(id) }
}

/// Alice with her subscription, Bob with his that ended just now, and four gifts.
pub(crate) fn working_set() -> WorkingSet {
    let id = SubscriptionId::new(11);
    let lapsed = Subscription { id, user: samples::BOB, end_date: now(), ..held() };
    let mut working_set = WorkingSet::default();
    samples::built_in_plans(SHOP).for_each(|plan| working_set.apply(Change::Plan(plan)));
    working_set.apply(Change::User(user(samples::ALICE, SHOP, "alice@example.com")));
    working_set.apply(Change::User(user(samples::BOB, SHOP, "bob@example.com")));
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
    let new_ids = NewIds::new(DrawnIds {
        users: ids(1000),
        gifts: ids(3000),
        subscriptions: ids(2000),
        grants: ids(4000),
        payments: ids(5000),
        ..DrawnIds::default()
    });
    let accepted = HashMap::new();
    let context = BatchContext { now: now(), decided: known, accepted, new_ids };
    decide_all(working_set(), attempts, context, POLICY)
}

/// What the commands come to in one batch.
pub(crate) fn batch(commands: impl IntoIterator<Item = Command>) -> DecidedBatch {
    decided(&attempts(commands), HashMap::new())
}

pub(crate) fn statuses(decided: &DecidedBatch) -> Vec<u16> {
    decided.entries.iter().map(|entry| entry.answer().unwrap().status).collect()
}

/// The subscriptions to be written, as (id, status, months).
pub(crate) fn written(changes: &Changes) -> Vec<(i64, SubscriptionStatus, u32)> {
    changes.subscriptions.values().map(|s| (s.id.get(), s.state.status(), s.months)).collect()
}
