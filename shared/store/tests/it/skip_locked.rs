//! A batch that skips what is locked: it never waits, and has only rows that it locked itself.

use crate::locks::load;
use crate::sample::end;
use domain::{ClientId, Gift, GiftId, Needs, Subscription, SubscriptionId, UserId, WorkingSet};
use store::Batch;
use support::{Database, rows};

const LOCAL: ClientId = ClientId::LOCAL;

/// Users 1 to 3 with an active subscription and a pending gift each; and what names all of those.
async fn three_of_each(database: &Database) -> Needs {
    rows::users(database, 3).await;
    for user in 1..=3 {
        rows::subscription(database, UserId::new(user), "active", "-1 hour").await;
        rows::gift(database, UserId::new(user), "bea@a.org", "-1 hour").await;
    }
    Needs {
        subscriptions: (1..=3).map(|id| (LOCAL, SubscriptionId::new(id))).collect(),
        gifts: (1..=3).map(|id| (LOCAL, GiftId::new(id))).collect(),
        ..Needs::default()
    }
}

async fn skip(database: &Database, needs: &Needs) -> (Batch, WorkingSet) {
    let (batch, working_set, _) = Batch::begin_skip_locked(database.store(), needs).await.unwrap();
    (batch, working_set)
}

/// The subscriptions and the gifts of the working set.
fn ids(working_set: &WorkingSet) -> (Vec<i64>, Vec<i64>) {
    let subscription = |id| working_set.subscription(LOCAL, SubscriptionId::new(id));
    let gift = |id| working_set.gift(LOCAL, GiftId::new(id));
    (
        (1..=3).filter_map(subscription).map(|Subscription { id, .. }| id.get()).collect(),
        (1..=3).filter_map(gift).map(|Gift { id, .. }| id.get()).collect(),
    )
}

#[tokio::test]
async fn what_is_locked_is_left_out_without_waiting() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    for (lock, subscriptions, gifts) in [
        ("SELECT 1", vec![1, 2, 3], vec![1, 2, 3]),
        ("SELECT id FROM users FOR NO KEY UPDATE", vec![1, 2, 3], vec![1, 2, 3]),
        ("SELECT id FROM subscriptions WHERE id = 2 FOR NO KEY UPDATE", vec![1, 3], vec![1, 2, 3]),
        ("SELECT id FROM gifts WHERE id = 2 FOR NO KEY UPDATE", vec![1, 2, 3], vec![1, 3]),
        ("SELECT id FROM subscriptions FOR NO KEY UPDATE", vec![], vec![1, 2, 3]),
    ] {
        let holder = database.begun(lock).await;
        // Anything that waits fails within a second.
        let store = database.store();
        let (batch, working_set, _) = Batch::begin_skip_locked(store, &needs).await.unwrap();
        assert_eq!(ids(&working_set), (subscriptions, gifts), "{lock}");
        end(batch).await;
        holder.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn what_it_has_is_locked_until_its_end() {
    let database = Database::create().await;
    let needs = three_of_each(&database).await;
    let (first, working_set) = skip(&database, &needs).await;
    assert_eq!(ids(&working_set), (vec![1, 2, 3], vec![1, 2, 3]));

    let (second, working_set) = skip(&database, &needs).await;
    assert_eq!(ids(&working_set), (vec![], vec![]));
    end(second).await;
    let command = Needs { users: [(LOCAL, UserId::new(1))].into(), ..Needs::default() };
    let waiting = load(&database, &command);
    database.until_blocked(1).await;
    end(first).await;
    waiting.await.unwrap().unwrap();
}
