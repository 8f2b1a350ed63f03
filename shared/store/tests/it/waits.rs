//! Who comes second to a row waits, and then sees what the first left behind.

use crate::database::Database;
use crate::locks::load;
use crate::sample;
use shared::domain::world::Footprint;
use shared::domain::{ClientId, SubscriptionId};
use shared::store::world;
use shared::store::world::Wanted;
use sqlx::raw_sql;

#[tokio::test]
async fn a_second_load_of_a_user_waits_and_sees_what_the_first_wrote() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let lapsed = sample::subscription(&database, ann, "active", "-1 hour").await;
    let footprint = Footprint { users: [ann].into(), ..Footprint::default() };

    let mut first = database.pool.begin().await.unwrap();
    world::load(&mut first, &footprint, &[], Wanted::default()).await.unwrap();
    let second = load(&database.pool, &footprint);
    database.until_blocked(1).await;
    let successor = "UPDATE subscriptions SET status = 'expired';
         INSERT INTO subscriptions (id, user_id, plan, status, months, start_date, end_date,
                                    created_at, updated_at)
         VALUES (70, 1, 'yearly', 'active', 12, now(), now() + interval '1 year', now(), now())";
    raw_sql(successor).execute(&mut *first).await.unwrap();
    first.commit().await.unwrap();

    let world = second.await.unwrap().unwrap();
    let seen = world.subscription(ClientId::LOCAL, SubscriptionId(70)).unwrap();
    assert_eq!((seen.plan.as_str(), seen.months), ("yearly", 12));
    assert!(world.subscription(ClientId::LOCAL, lapsed).is_none());
}

#[tokio::test]
async fn a_load_by_email_or_by_subscription_waits_for_the_same_user() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let subscription = sample::subscription(&database, ann, "expired", "-1 hour").await;
    let by_id = Footprint { users: [ann].into(), ..Footprint::default() };
    let emails = [(ClientId::LOCAL, "ann@a.org".to_owned())].into();
    let by_email = Footprint { emails, ..Footprint::default() };
    let by_subscription =
        Footprint { subscriptions: [subscription].into(), ..Footprint::default() };

    let mut first = database.pool.begin().await.unwrap();
    world::load(&mut first, &by_id, &[], Wanted::default()).await.unwrap();
    let second = load(&database.pool, &by_email);
    let third = load(&database.pool, &by_subscription);
    database.until_blocked(2).await;
    first.rollback().await.unwrap();
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_subscription_that_a_sweep_marks_meanwhile_is_seen_as_marked() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let lapsed = sample::subscription(&database, ann, "active", "-1 hour").await;
    let footprint = Footprint { users: [ann].into(), ..Footprint::default() };

    // A sweep locks no user.
    let sweep = database.begun("UPDATE subscriptions SET status = 'expired'").await;
    let loading = load(&database.pool, &footprint);
    database.until_blocked(1).await;
    sweep.commit().await.unwrap();

    let world = loading.await.unwrap().unwrap();
    let stored = world.subscription(ClientId::LOCAL, lapsed).map(|s| s.status.as_str());
    assert!(matches!(stored, None | Some("expired")), "{stored:?}");
    assert!(world.lapsed(ann, sample::day(0)).is_none());
}
