//! However commands are cut into batches, the same comes of them.

use super::sample::{ALICE, BOB, CANCEL, attempts, renew, working_set};
use crate::apply::{NumberedAttempt, decide_all};
use crate::tests::attempts::POLICY;
use domain::{Change, Changes, Command, DrawnIds, LogEntry, Needs, NewIds, WorkingSet};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use samples::now;
use std::collections::{BTreeMap, HashMap};
use store::BatchContext;
use support::commands::{cancel, create_user, give, redeem, subscribe};

/// Most are about Alice and Bob; some are about users and subscriptions that others make.
fn commands() -> impl Strategy<Value = Command> {
    let users = || select(vec![ALICE, BOB, 1000, 1001]);
    let addresses = || select(vec!["alice@example.com", "c@x.org", "C@X.org", "d@x.org"]);
    prop_oneof![
        addresses().prop_map(create_user),
        users().prop_map(subscribe),
        (1..=120_u32).prop_map(renew),
        Just(CANCEL),
        select(vec![11, 2000, 2001, 2002]).prop_map(cancel),
        (users(), addresses()).prop_map(|(gifter, text)| give(gifter, text)),
        (select(vec![20, 21, 22, 23, 3000, 3001]), users()).prop_map(|(id, by)| redeem(id, by)),
    ]
}

/// Decides the attempts in batches of at most `size`.
fn in_batches(
    attempts: &[NumberedAttempt],
    size: usize,
) -> (Vec<LogEntry>, BTreeMap<i64, Changes>) {
    let (mut rows, mut entries, mut table) = (working_set(), Vec::new(), BTreeMap::new());
    let mut next = [1000, 2000, 3000, 4000, 5000];
    for (n, batch) in (0..).zip(attempts.chunks(size)) {
        let new_ids = draw(batch, &mut next);
        let (decided, accepted) = (HashMap::new(), HashMap::new());
        let context = BatchContext { now: now(), decided, accepted, new_ids };
        let decided = decide_all(rows.clone(), batch, context, POLICY);
        write(&mut rows, &decided.changes);
        entries.extend(decided.entries);
        table.insert(n, decided.changes);
    }
    (entries, table)
}

/// New ids for a batch, in the order of its commands.
fn draw(batch: &[NumberedAttempt], next: &mut [i64; 5]) -> NewIds {
    let mut needs = Needs::default();
    for NumberedAttempt { job, .. } in batch {
        job.command.needs(job.client, &mut needs);
    }
    let [next_user, next_subscription, next_gift, next_grant, next_payment] = next;
    let draw = |next: &mut i64, count: u32| {
        let first = *next;
        *next += i64::from(count);
        (first..*next).collect()
    };
    let counts = needs.new_ids;
    NewIds::new(DrawnIds {
        users: draw(next_user, counts.users),
        gifts: draw(next_gift, counts.gifts),
        subscriptions: draw(next_subscription, counts.subscriptions),
        grants: draw(next_grant, counts.grants),
        payments: draw(next_payment, counts.payments),
        ..DrawnIds::default()
    })
}

/// Row by row, as Postgres does: its index allows a user one live subscription at any moment.
fn write(rows: &mut WorkingSet, changes: &Changes) {
    for user in changes.users.values() {
        rows.apply(Change::User(user.clone()));
    }
    for s in changes.subscriptions.values() {
        if s.state.status().is_live() {
            let other = rows.live(s.user, now());
            let other = other.or_else(|| rows.ended_unmarked(s.user, now()).pop());
            assert!(
                other.as_ref().is_none_or(|other| other.id == s.id),
                "two active: {other:?} and {s:?}"
            );
        }
        rows.apply(Change::Subscription(s.clone()));
    }
    for gift in changes.gifts.values() {
        rows.apply(Change::Gift(gift.clone()));
    }
    // Of a gift that is redeemed its subscription is loaded.
    for grant in changes.grants.values() {
        if let Some(gift) = grant.source.gift() {
            rows.add_redemption(gift, grant.subscription);
        }
    }
}

proptest! {
    #[test]
    fn batches_of_any_size_come_to_what_single_commands_come_to(
        commands in vec(commands(), 1..40), size in 1..40_usize,
    ) {
        let attempts = attempts(commands);
        let (alone, singles) = in_batches(&attempts, 1);
        let (together, batches) = in_batches(&attempts, size);
        prop_assert_eq!(&alone, &together);
        // The command log allows an entity for a success, and for nothing else.
        let is_done = |row: &LogEntry| row.answer().unwrap().is_success();
        prop_assert!(alone.iter().all(|row| row.entity.is_some() == is_done(row)));
        let grants = |all: &BTreeMap<i64, Changes>| -> Vec<_> {
            all.values().flat_map(|changes| changes.grants.clone()).collect()
        };
        prop_assert_eq!(grants(&singles), grants(&batches));
        let rows = |all: &BTreeMap<i64, Changes>| -> BTreeMap<_, _> {
            all.values().flat_map(|changes| changes.subscriptions.clone()).collect()
        };
        prop_assert_eq!(rows(&singles), rows(&batches));
    }
}
