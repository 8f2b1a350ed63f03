//! Subscriptions that wait: loaded with the live one of their user, locked with it, and read in one
//! line with it.

use crate::locks::load;
use crate::pages::page;
use crate::sample::{begin, day, end, local, new_subscription, new_user};
use chrono::TimeDelta;
use domain::{
    Change, Changes, ClientId, Entitlement, Needs, NextPlan, Sold, Subscription, SubscriptionId,
    SubscriptionState, SubscriptionStatus, UserId, WorkingSet,
};
use store::{Batch, locked, reads};
use support::{Database, rows};

const LOCAL: ClientId = ClientId::LOCAL;
const ANN: UserId = UserId::new(1);

/// One that waits for Ann.
fn waiting(id: i64, plan: &str) -> Subscription {
    let sold = Sold { plan, version: 1, grace_days: 7, auto_renew: false };
    Subscription::scheduled(SubscriptionId::new(id), (ANN, LOCAL), sold, 2, day(0))
}

async fn write(database: &Database, changes: impl IntoIterator<Item = Change>) {
    let mut all = Changes::default();
    changes.into_iter().for_each(|change| all.push(change));
    begin(database, &Needs::default()).await.0.commit(&all, &[]).await.unwrap();
}

/// Ann with subscription 1, which runs, and 2 and 3, which wait; Bea with subscription 4.
async fn line(database: &Database) {
    let bea = UserId::new(2);
    let subscriptions = [
        new_subscription(1, ANN),
        waiting(2, "yearly"),
        waiting(3, "monthly"),
        new_subscription(4, bea),
    ];
    let users = [new_user(1, "ann@a.org"), new_user(2, "bea@a.org")].map(Change::User);
    write(database, users.into_iter().chain(subscriptions.map(Change::Subscription))).await;
}

fn needs(ids: &[i64]) -> Needs {
    let subscriptions = local(ids.iter().copied().map(SubscriptionId::new));
    Needs { subscriptions, ..Needs::default() }
}

/// The ids and statuses of Ann's line.
fn of_ann(working_set: &WorkingSet) -> Vec<(i64, SubscriptionStatus)> {
    let rows = working_set.line(ANN).at(day(0));
    rows.iter().map(|row| (row.id.get(), row.state.status())).collect()
}

const LINE: [(i64, SubscriptionStatus); 3] = [
    (1, SubscriptionStatus::Active),
    (2, SubscriptionStatus::Scheduled),
    (3, SubscriptionStatus::Scheduled),
];

#[tokio::test]
async fn all_that_wait_come_with_the_live_one_whichever_row_is_named() {
    let database = Database::create().await;
    line(&database).await;
    let by_user = Needs { users: local([ANN]), ..Needs::default() };
    for needs in [by_user, needs(&[1]), needs(&[3])] {
        let (batch, working_set, _) = begin(&database, &needs).await;
        assert_eq!(of_ann(&working_set), LINE, "{needs:?}");
        end(batch).await;
    }
    let (batch, working_set, _) = begin(&database, &needs(&[4])).await;
    assert_eq!(of_ann(&working_set), []);
    end(batch).await;
}

#[tokio::test]
async fn what_is_due_comes_with_those_that_wait_or_not_at_all() {
    let database = Database::create().await;
    line(&database).await;
    let begin = async || Batch::begin_skip_locked(database.store(), &needs(&[1, 4])).await.unwrap();
    let (batch, working_set, _) = begin().await;
    assert_eq!(of_ann(&working_set), LINE);
    // They are locked until its end.
    let waiting = load(&database, &needs(&[3]));
    database.until_blocked(1).await;
    end(batch).await;
    waiting.await.unwrap().unwrap();

    for id in [1, 2, 3] {
        let lock = format!("SELECT id FROM subscriptions WHERE id = {id} FOR NO KEY UPDATE");
        let holder = database.begun(&lock).await;
        let (batch, working_set, _) = begin().await;
        let named = |id| working_set.subscription(LOCAL, SubscriptionId::new(id)).is_some();
        assert_eq!((named(1), named(4)), (false, true), "{id} is locked");
        end(batch).await;
        holder.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn who_needs_the_live_one_is_held_up_by_a_lock_on_one_that_waits() {
    let database = Database::create().await;
    line(&database).await;
    let holder = database.begun("SELECT id FROM subscriptions WHERE id = 3 FOR UPDATE").await;
    let found = locked::among(database.store(), &needs(&[1, 4])).await.unwrap();
    assert_eq!(found.subscriptions, local([SubscriptionId::new(1)]));
    holder.rollback().await.unwrap();
}

#[tokio::test]
async fn one_ends_and_the_next_begins_in_one_statement() {
    let database = Database::create().await;
    line(&database).await;
    let next_plan = Some(NextPlan { code: "monthly".to_owned(), version: 2 });
    let begun = Subscription { next_plan, ..waiting(2, "yearly").begun(day(31)).unwrap() };
    let expired = new_subscription(1, ANN).expired(day(31));
    let unbegun = waiting(3, "monthly").cancelled(day(31));
    let rows = [begun, expired, unbegun];
    write(&database, rows.clone().map(Change::Subscription)).await;
    let (batch, working_set, _) = begin(&database, &needs(&[1, 2, 3])).await;
    for row in rows {
        assert_eq!(working_set.subscription(LOCAL, row.id), Some(&row));
    }
    end(batch).await;

    // Renewed as the other plan.
    let waiting = waiting(2, "yearly").begun(day(31)).unwrap();
    let (plan, plan_version) = ("monthly".to_owned(), 2);
    let renewed = Subscription { plan, plan_version, ..waiting.extended(1, day(90)).unwrap() };
    write(&database, [Change::Subscription(renewed.clone())]).await;
    let (batch, working_set, _) = begin(&database, &needs(&[2])).await;
    assert_eq!(working_set.subscription(LOCAL, renewed.id), Some(&renewed));
    end(batch).await;
}

#[tokio::test]
async fn the_terms_of_a_renewal_are_those_of_the_plan_that_it_is_renewed_as() {
    let database = Database::create().await;
    line(&database).await;
    let next_plan = Some(NextPlan { code: "yearly".to_owned(), version: 1 });
    let renewing = Subscription { next_plan, ..new_subscription(1, ANN) };
    write(&database, [Change::Subscription(renewing.clone())]).await;
    let terms_of = local([1, 4].map(SubscriptionId::new));
    let needs = Needs { terms_of, ..needs(&[1, 4]) };
    let (batch, working_set, _) = begin(&database, &needs).await;
    let interval = |terms: Option<&domain::Terms>| terms.map(|terms| terms.interval.months());
    assert_eq!(interval(working_set.terms_of(&renewing)), Some(1));
    assert_eq!(interval(working_set.next_terms_of(&renewing)), Some(12));
    let other = new_subscription(4, UserId::new(2));
    assert_eq!(interval(working_set.next_terms_of(&other)), Some(1));
    end(batch).await;
}

#[tokio::test]
async fn the_tiers_of_what_a_redemption_touches_are_read() {
    let database = Database::create().await;
    line(&database).await;
    database.run("UPDATE plans SET tier = 'gold' WHERE code = 'yearly'").await;
    let gift = rows::gift(&database, ANN, "ann@a.org", "1 day").await;
    let needs = Needs { users: local([ANN]), gifts: local([gift]), ..Needs::default() };
    let (batch, working_set, _) = begin(&database, &needs).await;
    let tiers = ["monthly", "yearly", "silver"].map(|code| working_set.tier(LOCAL, code));
    assert_eq!(tiers, [Some("standard"), Some("gold"), None]);
    end(batch).await;
}

/// Nobody has marked that the first has ended, and the second has begun.
#[tokio::test]
async fn reads_see_the_whole_line_whatever_is_asked_for() {
    let database = Database::create().await;
    line(&database).await;
    let over = "UPDATE subscriptions SET start_date = now() - interval '31 days',
                       end_date = now() - interval '1 day' WHERE id = 1";
    database.run(over).await;
    let statuses = [
        (1, SubscriptionStatus::Expired),
        (2, SubscriptionStatus::Active),
        (3, SubscriptionStatus::Scheduled),
    ];
    let store = database.store();
    for (id, status) in statuses {
        let id = SubscriptionId::new(id);
        let (stored, line, now) = reads::subscription(store, LOCAL, id).await.unwrap().unwrap();
        assert_eq!(line.row_at(&stored, now).state.status(), status);
        let found = page(&database, ANN, Some(SubscriptionId::new(id.get() + 1)), 1).await.unwrap();
        let [stored] = found.subscriptions.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.line.row_at(stored, found.now).state.status(), status);
    }
    let (stored, line, now) =
        reads::subscription(store, LOCAL, SubscriptionId::new(4)).await.unwrap().unwrap();
    assert_eq!(line, domain::Line::default(), "nothing waits");
    assert_eq!(line.row_at(&stored, now).state, SubscriptionState::Active);

    let (bases, now) = reads::entitlement(store, LOCAL, ANN).await.unwrap().unwrap();
    assert_eq!(bases.len(), 3);
    let entitlement = Entitlement::at(bases, now);
    assert_eq!(entitlement.plan.as_deref(), Some("yearly"));
    let until = entitlement.current.unwrap().until;
    assert!(until - now > TimeDelta::days(4 * 28 - 2), "{until}");
}

#[tokio::test]
async fn one_that_never_began_says_nothing_of_what_its_user_is_entitled_to() {
    let database = Database::create().await;
    line(&database).await;
    let unbegun = [2, 3].map(|id| waiting(id, "yearly").cancelled(day(1)));
    write(&database, unbegun.map(Change::Subscription)).await;
    let store = database.store();
    let (bases, _) = reads::entitlement(store, LOCAL, ANN).await.unwrap().unwrap();
    let [only] = bases.as_slice() else { panic!("{bases:?}") };
    assert_eq!(only.subscription.id, SubscriptionId::new(1));
    let none = reads::entitlement(store, LOCAL, UserId::new(9)).await.unwrap();
    assert!(none.is_none());
}
