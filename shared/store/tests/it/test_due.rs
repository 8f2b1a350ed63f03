//! What is due of one test client, instant by instant.

use crate::sample::{begin, day, new_gift, new_subscription, new_user};
use crate::test_clocks::test_client;
use domain::{Change, Changes, ClientId, Gift, GiftId, Needs, Subscription, SubscriptionId, User};
use store::due::{self, Due};
use support::Database;

/// Three users of that client, with a subscription and a gift each. Their ids begin after `first`.
/// Those of the first two are due at the same instants.
async fn fill(database: &Database, client: ClientId, first: i64) {
    let mut changes = Changes::default();
    for (id, days) in [(first + 1, 0), (first + 2, 0), (first + 3, 1)] {
        let user = User { client, ..new_user(id, &format!("user{id}@a.org")) };
        let subscription = new_subscription(id, user.id);
        let end_date = day(10 + days);
        let subscription = Subscription { client, end_date, ..subscription };
        let gift = Gift { client, expires_at: day(5 + days), ..new_gift(id, user.id) };
        for change in [Change::User(user), Change::Subscription(subscription), Change::Gift(gift)] {
            changes.push(change);
        }
    }
    begin(database, &Needs::default()).await.0.commit(&changes, &[]).await.unwrap();
}

fn ids<T>(found: &[Due<T>]) -> Vec<i64> {
    assert!(found.iter().all(|due| due.row.is_ok()));
    found.iter().map(|due| due.cursor.id).collect()
}

#[tokio::test]
async fn instants_are_found_in_order_up_to_the_last_one_asked_for() {
    let database = Database::create().await;
    let client = test_client(&database, day(0)).await;
    fill(&database, client, 10).await;
    let next = async |until| due::next_instant(database.store(), client, until).await.unwrap();
    assert_eq!(next(day(4)).await, None);
    assert_eq!((next(day(5)).await, next(day(100)).await), (Some(day(5)), Some(day(5))));
    database.run("UPDATE gifts SET status = 'expired', due_at = NULL").await;
    assert_eq!((next(day(9)).await, next(day(10)).await), (None, Some(day(10))));
}

#[tokio::test]
async fn rows_are_found_at_their_very_instant_and_page_by_page() {
    let database = Database::create().await;
    let client = test_client(&database, day(0)).await;
    fill(&database, client, 10).await;
    // Those of a live client are for others.
    fill(&database, ClientId::LOCAL, 0).await;
    let store = database.store();
    for (days, found) in [(4, vec![]), (5, vec![11, 12]), (6, vec![13]), (7, vec![])] {
        let gifts = due::gifts_at(store, (client, day(days)), None, 10).await.unwrap();
        assert_eq!(ids(&gifts), found, "{days}");
        let at = (client, day(days + 5));
        let subscriptions = due::subscriptions_at(store, at, None, 10).await.unwrap();
        assert_eq!(ids(&subscriptions), found, "{days}");
    }
    let (gifts, at) = ((client, day(5)), (client, day(10)));
    assert_eq!(ids(&due::gifts_at(store, gifts, None, 1).await.unwrap()), [11]);
    let after = Some(GiftId::new(11));
    assert_eq!(ids(&due::gifts_at(store, gifts, after, 9).await.unwrap()), [12]);
    assert_eq!(ids(&due::subscriptions_at(store, at, None, 1).await.unwrap()), [11]);
    let after = Some(SubscriptionId::new(11));
    assert_eq!(ids(&due::subscriptions_at(store, at, after, 9).await.unwrap()), [12]);
}

#[tokio::test]
async fn what_is_due_of_test_clients_is_left_alone_by_the_lane_of_live_ones() {
    let database = Database::create().await;
    let client = test_client(&database, day(0)).await;
    fill(&database, client, 10).await;
    let long_ago = "UPDATE subscriptions SET due_at = '2001-01-01T00:00:00Z';
                    UPDATE gifts SET due_at = '2001-01-01T00:00:00Z'";
    database.run(long_ago).await;
    let store = database.store();
    assert!(due::subscriptions(store, None, 10).await.unwrap().rows.is_empty());
    assert!(due::gifts(store, None, 10).await.unwrap().rows.is_empty());
}
