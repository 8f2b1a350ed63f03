//! The working set: who sees what in it, and the last word on each row.

use crate::sample::{ALICE, BOB, EVE, RIVAL, SHOP, email, gift, grant, now, subscription, world};
use crate::scene::{HELD, Holding, held, scene};
use shared::domain::world::{Change, Changes};
use shared::domain::{GiftId, GrantSource, Subscription, SubscriptionStatus};

#[test]
fn a_client_sees_its_own_rows_only() {
    let world = scene(Holding::Running, [Change::Gift(gift(20))]);
    assert!(world.user(SHOP, ALICE).is_some() && world.user(RIVAL, EVE).is_some());
    assert!(world.user(RIVAL, ALICE).is_none() && world.user(SHOP, EVE).is_none());
    assert!(world.subscription(SHOP, HELD).is_some() && world.subscription(RIVAL, HELD).is_none());
    assert!(world.gift(SHOP, GiftId(20)).is_some() && world.gift(RIVAL, GiftId(20)).is_none());
}

#[test]
fn an_email_names_the_user_of_the_client_that_asks() {
    let world = world([]);
    let named = |client| world.user_by_email(client, &email("ALICE@example.com")).map(|u| u.id);
    assert_eq!((named(SHOP), named(RIVAL)), (Some(ALICE), Some(EVE)));
    assert!(world.user_by_email(RIVAL, &email("bob@example.com")).is_none());
}

#[test]
fn a_subscription_either_runs_or_has_lapsed() {
    let world = scene(Holding::Running, []);
    let end = held(Holding::Running).end_date;
    for (time, runs) in
        [(now(), true), (end - chrono::TimeDelta::microseconds(1), true), (end, false)]
    {
        assert_eq!(world.running(ALICE, time).is_some(), runs);
        assert_eq!(world.lapsed(ALICE, time).is_some(), !runs);
    }
    assert!(world.running(BOB, now()).is_none() && world.lapsed(BOB, now()).is_none());
}

/// Rows are loaded in any order: an old one must not hide the one that runs.
#[test]
fn ended_subscriptions_never_hide_the_active_one() {
    let old = Subscription { id: shared::domain::SubscriptionId(9), ..held(Holding::Expired) };
    let rows = [Change::Subscription(old), Change::Subscription(held(Holding::Running))];
    for rows in [rows.clone(), [rows[1].clone(), rows[0].clone()]] {
        assert_eq!(world(rows).running(ALICE, now()).map(|s| s.id), Some(HELD));
    }
}

#[test]
fn a_subscription_that_ends_no_longer_runs() {
    let mut world = scene(Holding::Running, []);
    world.apply(Change::Subscription(held(Holding::Running).cancelled(now())));
    assert!(world.running(ALICE, now()).is_none() && world.lapsed(ALICE, now()).is_none());
}

#[test]
fn the_last_word_on_a_row_counts_and_every_grant_does() {
    let first = subscription(10, 1, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z");
    let mut changes = Changes::default();
    changes.push(Change::Subscription(first.clone()));
    changes.push(Change::Grant(grant(10, GrantSource::Purchase, 1)));
    changes.push(Change::Subscription(first.extended(2, now()).unwrap()));
    changes.push(Change::Grant(grant(10, GrantSource::Renewal, 2)));
    changes.push(Change::Subscription(first.cancelled(now())));
    let rows: Vec<_> = changes.subscriptions.values().map(|s| s.status).collect();
    assert_eq!(rows, [SubscriptionStatus::Cancelled]);
    assert_eq!(changes.grants.iter().map(|grant| grant.months).sum::<u32>(), 3);
}
