//! The time and the ids that a batch is decided with.

use crate::database::Database;
use crate::sample;
use shared::domain::Instant;
use shared::domain::world::Footprint;
use shared::store::world::{self, Wanted};
use sqlx::query_scalar;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

const NOTHING: Wanted = Wanted { users: 0, subscriptions: 0, gifts: 0 };

#[tokio::test]
async fn now_is_the_clock_and_not_the_start_of_the_transaction() {
    let database = Database::create().await;
    let mut tx = database.pool.begin().await.unwrap();
    let start: Instant = query_scalar("SELECT now()").fetch_one(&mut *tx).await.unwrap();
    let first = world::load(&mut tx, &Footprint::default(), &[], NOTHING).await.unwrap().1;
    let second = world::load(&mut tx, &Footprint::default(), &[], NOTHING).await.unwrap().1;
    assert!(start < first.now && first.now < second.now);
    assert_eq!(first.now.timestamp_subsec_nanos() % 1000, 0, "microseconds, as Postgres keeps");
}

#[tokio::test]
async fn who_waited_for_a_lock_decides_later_than_who_held_it() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let footprint = Footprint { users: [ann].into(), ..Footprint::default() };

    let mut first = database.pool.begin().await.unwrap();
    world::load(&mut first, &footprint, &[], Wanted::default()).await.unwrap();
    let pool = database.pool.clone();
    let waiting = tokio::spawn(async move {
        let mut second = pool.begin().await.unwrap();
        world::load(&mut second, &footprint, &[], Wanted::default()).await.unwrap();
        world::load(&mut second, &Footprint::default(), &[], NOTHING).await.unwrap().1.now
    });
    // The second transaction has begun long ago.
    database.until_blocked(1).await;
    let held: Instant = database.value("SELECT clock_timestamp()").await;
    first.commit().await.unwrap();

    assert!(held < waiting.await.unwrap());
}

#[tokio::test]
async fn as_many_ids_are_drawn_as_are_wanted() {
    let database = Database::create().await;
    let mut tx = database.pool.begin().await.unwrap();
    let wanted = Wanted { users: 2, subscriptions: 0, gifts: 300 };
    let drawn = world::load(&mut tx, &Footprint::default(), &[], wanted).await.unwrap().1;
    assert_eq!((drawn.users.len(), drawn.subscriptions.len(), drawn.gifts.len()), (2, 0, 300));
    assert!(drawn.gifts.is_sorted());
}

#[tokio::test]
async fn no_id_is_drawn_twice_by_concurrent_transactions() {
    let database = Database::create().await;
    let wanted = Wanted { users: 20, subscriptions: 30, gifts: 40 };
    let mut drawing = JoinSet::new();
    for _ in 0..16 {
        let pool = database.pool.clone();
        drawing.spawn(async move {
            let mut tx = pool.begin().await.unwrap();
            let drawn = world::load(&mut tx, &Footprint::default(), &[], wanted).await.unwrap().1;
            // Ids that are not used are gone: half of the transactions come to nothing.
            if drawn.users.first().is_some_and(|id| id % 2 == 0) {
                tx.commit().await.unwrap();
            }
            drawn
        });
    }
    let drawn = drawing.join_all().await;
    let distinct = |ids: Vec<i64>| ids.into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(drawn.iter().flat_map(|d| d.users.clone()).collect()), 16 * 20);
    assert_eq!(distinct(drawn.iter().flat_map(|d| d.subscriptions.clone()).collect()), 16 * 30);
    assert_eq!(distinct(drawn.iter().flat_map(|d| d.gifts.clone()).collect()), 16 * 40);
}
