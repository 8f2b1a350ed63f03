//! However commands are cut into batches, the same comes of them.

use crate::sample::{ALICE, BOB, CANCEL, attempts, email, now, redeem, renew, subscribe, world};
use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use shared::domain::world::{Change, Changes};
use shared::domain::{Command, SubscriptionId, SubscriptionStatus, UserId, World};
use shared::store::ledger::Entry;
use shared::store::world::Drawn;
use std::collections::{BTreeMap, HashMap};
use worker::apply::{Attempt, decide_all};

/// Most are about Alice and Bob; some are about users and subscriptions that others make.
fn commands() -> impl Strategy<Value = Command> {
    let users = || select(vec![ALICE, BOB, UserId(1000), UserId(1001)]);
    let addresses = || select(vec!["alice@example.com", "c@x.org", "C@X.org", "d@x.org"]);
    prop_oneof![
        addresses().prop_map(|text| Command::CreateUser { email: email(text) }),
        users().prop_map(subscribe),
        (1..=120_u32).prop_map(renew),
        Just(CANCEL),
        select(vec![11, 2000, 2001, 2002])
            .prop_map(|id| Command::Cancel { subscription_id: SubscriptionId(id) }),
        (users(), addresses()).prop_map(|(gifter_id, text)| {
            let recipient_email = email(text);
            Command::Gift { gifter_id, recipient_email, duration_months: Some(3) }
        }),
        (select(vec![20, 21, 22, 23, 3000, 3001]), users()).prop_map(|(id, by)| redeem(id, by)),
    ]
}

/// Decides the attempts in batches of at most `size`.
fn in_batches(attempts: &[Attempt], size: usize) -> (Vec<Entry>, BTreeMap<i64, Changes>) {
    let (mut world, mut entries, mut table) = (world(), Vec::new(), BTreeMap::new());
    let mut next = [1000, 2000, 3000];
    for (n, batch) in (0..).zip(attempts.chunks(size)) {
        let decided = decide_all(
            world.clone(),
            batch,
            HashMap::new(),
            draw(batch, &mut next),
            TimeDelta::days(30),
        );
        write(&mut world, &decided.changes);
        entries.extend(decided.entries);
        table.insert(n, decided.changes);
    }
    (entries, table)
}

fn draw(batch: &[Attempt], next: &mut [i64; 3]) -> Drawn {
    let [users, subscriptions, gifts] = next;
    let mut drawn =
        Drawn { now: now(), decided: vec![], users: vec![], subscriptions: vec![], gifts: vec![] };
    for Attempt { job, .. } in batch {
        let (ids, next) = match job.command {
            Command::CreateUser { .. } => (&mut drawn.users, &mut *users),
            Command::Gift { .. } => (&mut drawn.gifts, &mut *gifts),
            Command::Subscribe { .. } | Command::Redeem { .. } => {
                (&mut drawn.subscriptions, &mut *subscriptions)
            }
            Command::Renew { .. } | Command::Cancel { .. } => continue,
        };
        ids.push(*next);
        *next += 1;
    }
    drawn
}

/// Row by row, as Postgres does: its index allows a user one active subscription at any moment.
fn write(world: &mut World, changes: &Changes) {
    for user in changes.users.values() {
        world.apply(Change::User(user.clone()));
    }
    for s in changes.subscriptions.values() {
        if s.status == SubscriptionStatus::Active {
            let other = world.running(s.user, now()).or(world.lapsed(s.user, now()));
            assert!(other.is_none_or(|other| other.id == s.id), "two active: {other:?} and {s:?}");
        }
        world.apply(Change::Subscription(s.clone()));
    }
    for gift in changes.gifts.values() {
        world.apply(Change::Gift(gift.clone()));
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
        // The ledger allows an entity for a success, and for nothing else.
        prop_assert!(alone.iter().all(|row| row.entity.is_some() == row.answer.is_success()));
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
