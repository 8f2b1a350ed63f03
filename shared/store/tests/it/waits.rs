//! Who comes second to a row waits, and then sees what the first left behind.

use crate::locks::load;
use crate::sample::{begin, day, end, local, new_subscription};
use domain::{Change, Changes, ClientId, Needs, Subscription, SubscriptionStatus};
use support::{Database, rows};

#[tokio::test]
async fn a_second_load_of_a_user_waits_and_sees_what_the_first_wrote() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let lapsed = rows::subscription(&database, ann, "active", "-1 hour").await;
    let needs = Needs { users: local([ann]), ..Needs::default() };

    let (first, working_set, context) = begin(&database, &needs).await;
    let second = load(&database, &needs);
    database.until_blocked(1).await;
    let ended = working_set.subscription(ClientId::LOCAL, lapsed).unwrap().expired(context.now);
    let (plan, months, end_date) = ("yearly".to_owned(), 12, day(365));
    let successor = Subscription { plan, months, end_date, ..new_subscription(70, ann) };
    let mut changes = Changes::default();
    changes.push(Change::Subscription(ended));
    changes.push(Change::Subscription(successor.clone()));
    first.commit(&changes, &[]).await.unwrap();

    let working_set = second.await.unwrap().unwrap();
    assert_eq!(working_set.subscription(ClientId::LOCAL, successor.id), Some(&successor));
    assert!(working_set.subscription(ClientId::LOCAL, lapsed).is_none());
}

#[tokio::test]
async fn a_load_by_email_or_by_subscription_waits_for_the_same_user() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let subscription = rows::subscription(&database, ann, "expired", "-1 hour").await;
    let by_id = Needs { users: local([ann]), ..Needs::default() };
    let emails = [(ClientId::LOCAL, "ann@a.org".to_owned())].into();
    let by_email = Needs { emails, ..Needs::default() };
    let by_subscription = Needs { subscriptions: local([subscription]), ..Needs::default() };

    let (first, ..) = begin(&database, &by_id).await;
    let second = load(&database, &by_email);
    let third = load(&database, &by_subscription);
    database.until_blocked(2).await;
    end(first).await;
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_subscription_that_a_sweep_marks_meanwhile_is_seen_as_marked() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let lapsed = rows::subscription(&database, ann, "active", "-1 hour").await;
    let needs = Needs { users: local([ann]), ..Needs::default() };

    // A sweep locks no user.
    let sweep = database.begun("UPDATE subscriptions SET status = 'expired'").await;
    let loading = load(&database, &needs);
    database.until_blocked(1).await;
    sweep.commit().await.unwrap();

    let working_set = loading.await.unwrap().unwrap();
    let stored = working_set.subscription(ClientId::LOCAL, lapsed).map(|s| s.state.status());
    assert!(matches!(stored, None | Some(SubscriptionStatus::Expired)), "{stored:?}");
    assert!(working_set.ended_unmarked(ann, day(0)).is_empty());
}
