//! The working set: who sees what in it, and the last word on each row.

use domain::{
    Change, Changes, GiftId, Grant, GrantId, GrantSource, Needs, NextPlan, Slice, Subscription,
    SubscriptionId, SubscriptionStatus, Terms, UserId,
};
use samples::{
    ALICE, BOB, EVE, HELD, Holding, RIVAL, SENT, SHOP, Sent, email, grant, held, holding, now,
    plan_of, priced, sent, subscription, working_set,
};

#[test]
fn a_client_sees_its_own_rows_only() {
    let working_set = holding(Holding::Running, [Change::Gift(sent(Sent::Pending))]);
    assert!(working_set.user(SHOP, ALICE).is_some() && working_set.user(RIVAL, EVE).is_some());
    assert!(working_set.user(RIVAL, ALICE).is_none() && working_set.user(SHOP, EVE).is_none());
    assert!(
        working_set.subscription(SHOP, HELD).is_some()
            && working_set.subscription(RIVAL, HELD).is_none()
    );
    assert!(working_set.gift(SHOP, SENT).is_some() && working_set.gift(RIVAL, SENT).is_none());
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
    let working_set = holding(Holding::Running, []);
    let end = held(Holding::Running).end_date;
    for (time, runs) in
        [(now(), true), (end - chrono::TimeDelta::microseconds(1), true), (end, false)]
    {
        assert_eq!(working_set.live(ALICE, time).is_some(), runs);
        assert_eq!(working_set.ended_unmarked(ALICE, time).len(), usize::from(!runs));
    }
    assert!(
        working_set.live(BOB, now()).is_none() && working_set.ended_unmarked(BOB, now()).is_empty()
    );
}

/// Rows are loaded in any order: an old one must not hide the one that runs.
#[test]
fn ended_subscriptions_never_hide_the_active_one() {
    let old = Subscription { id: SubscriptionId::new(9), ..held(Holding::Expired) };
    let rows = [Change::Subscription(old), Change::Subscription(held(Holding::Running))];
    for rows in [rows.clone(), [rows[1].clone(), rows[0].clone()]] {
        assert_eq!(working_set(rows).live(ALICE, now()).map(|s| s.id), Some(HELD));
    }
}

#[test]
fn a_subscription_that_ends_no_longer_runs() {
    let mut working_set = holding(Holding::Running, []);
    working_set.apply(Change::Subscription(held(Holding::Running).cancelled(now())));
    assert!(
        working_set.live(ALICE, now()).is_none()
            && working_set.ended_unmarked(ALICE, now()).is_empty()
    );
}

#[test]
fn the_last_word_on_a_row_counts_and_every_grant_does() {
    let first = subscription(10, 1, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z");
    let mut changes = Changes::default();
    changes.push(Change::Subscription(first.clone()));
    let granted = |id, source, months| {
        let slice = Slice { start: first.start_date, end: first.end_date };
        Change::Grant(Grant { id: GrantId::new(id), ..grant(HELD, source, months, slice) })
    };
    changes.push(granted(50, GrantSource::Purchase, 1));
    changes.push(Change::Subscription(first.extended(2, now()).unwrap()));
    changes.push(granted(51, GrantSource::Renewal, 2));
    changes.push(Change::Subscription(first.cancelled(now())));
    let rows: Vec<_> = changes.subscriptions.values().map(|s| s.state.status()).collect();
    assert_eq!(rows, [SubscriptionStatus::Cancelled]);
    assert_eq!(changes.grants.values().map(|grant| grant.months).sum::<u32>(), 3);
}

/// What is due is done only where all rows that it needs are locked, and so loaded.
#[test]
fn a_working_set_has_all_that_is_needed_only_with_each_row_of_that_client() {
    let working_set = holding(Holding::Running, [Change::Gift(sent(Sent::Pending))]);
    let needs = |users: &[_], gifts: &[_], subscriptions: &[_]| Needs {
        users: users.iter().copied().collect(),
        gifts: gifts.iter().copied().collect(),
        subscriptions: subscriptions.iter().copied().collect(),
        ..Needs::default()
    };
    let (unknown_gift, unknown_subscription) = (GiftId::new(21), SubscriptionId::new(11));
    for (needs, expected) in [
        (needs(&[], &[], &[]), true),
        (needs(&[(SHOP, ALICE), (RIVAL, EVE)], &[(SHOP, SENT)], &[(SHOP, HELD)]), true),
        (needs(&[(SHOP, ALICE), (SHOP, UserId::new(99))], &[], &[]), false),
        (needs(&[(RIVAL, ALICE)], &[], &[]), false),
        (needs(&[], &[(SHOP, SENT), (SHOP, unknown_gift)], &[]), false),
        (needs(&[], &[(RIVAL, SENT)], &[]), false),
        (needs(&[], &[], &[(SHOP, HELD), (SHOP, unknown_subscription)]), false),
        (needs(&[], &[], &[(RIVAL, HELD)]), false),
        (needs(&[(SHOP, ALICE)], &[(SHOP, SENT)], &[(SHOP, unknown_subscription)]), false),
    ] {
        assert_eq!(working_set.has_all(&needs), expected, "{needs:?}");
    }
}

/// A command sees the terms that the one before it in its batch has changed.
#[test]
fn the_terms_of_a_subscription_follow_its_plan() {
    let next = |code: &str| Some(NextPlan { code: code.to_owned(), version: 1 });
    let held = Subscription { next_plan: next("gold"), ..held(Holding::Running) };
    let [silver, gold] =
        [("silver", 500), ("gold", 900)].map(|(code, amount)| priced(code, amount));
    let mut rows = working_set([Change::Plan(silver), Change::Subscription(held.clone())]);
    rows.add_terms(HELD, plan_of("monthly").terms);
    rows.add_next_terms(HELD, gold.terms);
    let amount = |terms: Option<&Terms>| terms.map(|terms| terms.price.amount);
    let seen = |rows: &domain::WorkingSet| {
        let held = rows.subscription(SHOP, HELD).unwrap();
        (amount(rows.terms_of(held)), amount(rows.next_terms_of(held)))
    };
    assert_eq!(seen(&rows), (Some(0), Some(900)));
    // Renewed as gold.
    let mut renewed = rows.clone();
    let plan = "gold".to_owned();
    renewed.apply(Change::Subscription(Subscription { plan, next_plan: None, ..held.clone() }));
    assert_eq!(seen(&renewed), (Some(900), Some(900)));
    // To be silver instead.
    let next_plan = next("silver");
    let mut planned = rows.clone();
    planned.apply(Change::Subscription(Subscription { next_plan, ..held.clone() }));
    assert_eq!(seen(&planned), (Some(0), Some(500)));
    // Silver at once.
    let plan = "silver".to_owned();
    rows.apply(Change::Subscription(Subscription { plan, next_plan: None, ..held }));
    assert_eq!(seen(&rows), (Some(500), Some(500)));
}
