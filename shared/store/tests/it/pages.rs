//! Subscriptions of a user, by pages.

use domain::{ClientId, Instant, SubscriptionId, UserId};
use store::StoreError;
use store::reads::{self, Page, PageOf};
use support::Database;
use support::rows::{self, OTHER};

const LOCAL: ClientId = ClientId::LOCAL;

/// A page of a user of the local client, asked for alone.
pub(crate) async fn page(
    database: &Database,
    user: UserId,
    before: Option<SubscriptionId>,
    limit: u32,
) -> Option<Page> {
    rows::page(database, PageOf { client: LOCAL, user, before, limit }).await
}

fn ids(page: &Page) -> Vec<i64> {
    page.subscriptions.iter().map(|s| s.id.get()).collect()
}

/// A user with subscriptions 1 to 7, and another whose ids lie between them.
async fn seven(database: &Database) -> UserId {
    let ann = rows::user(database, "ann@a.org").await;
    let bea = rows::user(database, "bea@a.org").await;
    for n in 1..=7 {
        let status = if n % 2 == 0 { "cancelled" } else { "expired" };
        rows::subscription(database, ann, status, "-1 hour").await;
        rows::subscription(database, bea, status, "-1 hour").await;
    }
    ann
}

#[tokio::test]
async fn pages_are_newest_first_and_say_whether_more_follow() {
    let database = Database::create().await;
    let user = seven(&database).await;
    for (before, limit, expected, has_more) in [
        (None, 100, vec![13, 11, 9, 7, 5, 3, 1], false),
        (None, 7, vec![13, 11, 9, 7, 5, 3, 1], false),
        (None, 6, vec![13, 11, 9, 7, 5, 3], true),
        (None, 1, vec![13], true),
        (Some(13), 3, vec![11, 9, 7], true),
        (Some(7), 3, vec![5, 3, 1], false),
        (Some(8), 2, vec![7, 5], true),
        (Some(1), 5, vec![], false),
        (Some(-1), 5, vec![], false),
        (Some(i64::MAX), 1, vec![13], true),
    ] {
        let page = page(&database, user, before.map(SubscriptionId::new), limit).await.unwrap();
        assert_eq!((ids(&page), page.has_more), (expected, has_more), "{before:?} {limit}");
    }
}

#[tokio::test]
async fn pages_asked_for_together_are_answered_each_in_its_place() {
    let database = Database::create().await;
    let user = seven(&database).await;
    let of = |user, before: Option<i64>, limit| PageOf {
        client: LOCAL,
        user,
        before: before.map(SubscriptionId::new),
        limit,
    };
    let asked = [
        of(UserId::new(99), None, 5),
        of(user, None, 2),
        of(UserId::new(user.get() + 1), Some(5), 9),
        PageOf { client: OTHER, ..of(user, None, 2) },
        of(user, None, 2),
        of(user, Some(1), 1),
    ];
    let pages = reads::subscriptions(database.store(), &asked).await.unwrap();
    let pages: Vec<Option<Page>> = pages.into_iter().map(Result::unwrap).collect();
    let found: Vec<Option<Vec<i64>>> = pages.iter().map(|page| page.as_ref().map(ids)).collect();
    let expected =
        [None, Some(vec![13, 11]), Some(vec![4, 2]), None, Some(vec![13, 11]), Some(vec![])];
    assert_eq!(found, expected);
    let more: Vec<bool> = pages.iter().flatten().map(|page| page.has_more).collect();
    assert_eq!(more, [true, false, true, false]);
    assert!(reads::subscriptions(database.store(), &[]).await.unwrap().is_empty());
}

/// A newer release may have written it. Requests of others are in the same call.
#[tokio::test]
async fn a_row_that_cannot_be_read_spoils_its_own_page_only() {
    let database = Database::create().await;
    let [ann, bea] =
        [rows::user(&database, "ann@a.org").await, rows::user(&database, "bea@a.org").await];
    for user in [ann, bea] {
        rows::subscription(&database, user, "active", "1 month").await;
    }
    database.run("ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_status_check").await;
    let newer = format!("UPDATE subscriptions SET status = 'frozen' WHERE user_id = {}", ann.get());
    database.run(&newer).await;
    let of = |user| PageOf { client: LOCAL, user, before: None, limit: 1 };
    let pages = reads::subscriptions(database.store(), &[of(ann), of(bea)]).await.unwrap();
    assert!(matches!(pages[..], [Err(StoreError::Inconsistent { .. }), Ok(Some(_))]), "{pages:?}");
}

#[tokio::test]
async fn the_last_connection_of_a_pool_is_left_to_others() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    for connections_max in [1, 2] {
        let store = database.store_of(connections_max);
        for _ in 0..3 {
            let asked = PageOf { client: LOCAL, user: ann, before: None, limit: 1 };
            let pages = reads::subscriptions(&store, &[asked]).await.unwrap();
            assert!(matches!(pages[..], [Ok(Some(_))]));
            assert!(reads::user(&store, LOCAL, ann).await.unwrap().is_some(), "{connections_max}");
        }
    }
}

#[tokio::test]
async fn following_the_pages_gives_every_subscription_once() {
    let database = Database::create().await;
    let user = seven(&database).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = page(&database, user, before, 2).await.unwrap();
        seen.extend(ids(&page));
        before = page.subscriptions.last().map(|s| s.id);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seen, [13, 11, 9, 7, 5, 3, 1]);
}

#[tokio::test]
async fn a_user_without_subscriptions_is_not_an_unknown_user() {
    let database = Database::create().await;
    let user = rows::user(&database, "ann@a.org").await;
    let before: Instant = database.value("SELECT now()").await;
    let empty = page(&database, user, None, 10).await.unwrap();
    assert_eq!((empty.subscriptions.len(), empty.has_more), (0, false));
    assert!(empty.now > before);
    assert!(page(&database, UserId::new(99), None, 10).await.is_none());
    assert!(page(&database, UserId::new(99), Some(SubscriptionId::new(1)), 10).await.is_none());
}
