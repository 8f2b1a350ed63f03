//! The working set: who sees what in it, and the last word on each row.

use crate::sample::{EVE, RIVAL, grant, working_set};
use crate::scene::{HELD, Holding, held, scene};
use domain::{Change, Changes, GiftId, GrantSource, Subscription, SubscriptionStatus};
use samples::{ALICE, BOB, SHOP, email, gift, now, subscription};

#[test]
fn a_client_sees_its_own_rows_only() {
    let working_set = scene(Holding::Running, [Change::Gift(gift(20))]);
    assert!(working_set.user(SHOP, ALICE).is_some() && working_set.user(RIVAL, EVE).is_some());
    assert!(working_set.user(RIVAL, ALICE).is_none() && working_set.user(SHOP, EVE).is_none());
    assert!(
        working_set.subscription(SHOP, HELD).is_some()
            && working_set.subscription(RIVAL, HELD).is_none()
    );
    assert!(
        working_set.gift(SHOP, GiftId::new(20)).is_some()
            && working_set.gift(RIVAL, GiftId::new(20)).is_none()
    );
}

#[test]
fn an_email_names_the_user_of_the_client_that_asks() {
    let working_set = working_set([]);
    let named =
        |client| working_set.user_by_email(client, &email("ALICE@example.com")).map(|u| u.id);
    assert_eq!((named(SHOP), named(RIVAL)), (Some(ALICE), Some(EVE)));
    assert!(working_set.user_by_email(RIVAL, &email("bob@example.com")).is_none());
}

#[test]
fn a_subscription_either_runs_or_has_lapsed() {
    let working_set = scene(Holding::Running, []);
    let end = held(Holding::Running).end_date;
    for (time, runs) in
        [(now(), true), (end - chrono::TimeDelta::microseconds(1), true), (end, false)]
    {
        assert_eq!(working_set.running(ALICE, time).is_some(), runs);
        assert_eq!(working_set.ended_unmarked(ALICE, time).is_some(), !runs);
    }
    assert!(
        working_set.running(BOB, now()).is_none()
            && working_set.ended_unmarked(BOB, now()).is_none()
    );
}

/// Rows are loaded in any order: an old one must not hide the one that runs.
#[test]
fn ended_subscriptions_never_hide_the_active_one() {
    let old = Subscription { id: domain::SubscriptionId::new(9), ..held(Holding::Expired) };
    let rows = [Change::Subscription(old), Change::Subscription(held(Holding::Running))];
    for rows in [rows.clone(), [rows[1].clone(), rows[0].clone()]] {
        assert_eq!(working_set(rows).running(ALICE, now()).map(|s| s.id), Some(HELD));
    }
}

#[test]
fn a_subscription_that_ends_no_longer_runs() {
    let mut working_set = scene(Holding::Running, []);
    working_set.apply(Change::Subscription(held(Holding::Running).cancelled(now())));
    assert!(
        working_set.running(ALICE, now()).is_none()
            && working_set.ended_unmarked(ALICE, now()).is_none()
    );
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
    let rows: Vec<_> = changes.subscriptions.values().map(|s| s.state.status()).collect();
    assert_eq!(rows, [SubscriptionStatus::Cancelled]);
    assert_eq!(changes.grants.iter().map(|grant| grant.months).sum::<u32>(), 3);
}
