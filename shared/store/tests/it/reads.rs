//! What clients look up.

use crate::database::Database;
use crate::sample::{self, OTHER};
use shared::domain::{
    ClientId, GiftId, GiftStatus, Instant, SubscriptionId, SubscriptionStatus, UserId,
};
use shared::store::line::Line;
use shared::store::reads::{self, Page, PageOf};

const LOCAL: ClientId = ClientId::LOCAL;

async fn page(
    database: &Database,
    user: UserId,
    before: Option<SubscriptionId>,
    limit: u32,
) -> Option<Page> {
    sample::page(database, PageOf { client: LOCAL, user, before, limit }).await
}

fn ids(page: &Page) -> Vec<i64> {
    page.subscriptions.iter().map(|s| s.id.0).collect()
}

/// A user with subscriptions 1 to 7, and another whose ids lie between them.
async fn seven(database: &Database) -> UserId {
    let ann = sample::user(database, "ann@a.org").await;
    let bea = sample::user(database, "bea@a.org").await;
    for n in 1..=7 {
        let status = if n % 2 == 0 { "cancelled" } else { "expired" };
        sample::subscription(database, ann, status, "-1 hour").await;
        sample::subscription(database, bea, status, "-1 hour").await;
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
        let page = page(&database, user, before.map(SubscriptionId), limit).await.unwrap();
        assert_eq!((ids(&page), page.has_more), (expected, has_more), "{before:?} {limit}");
    }
}

#[tokio::test]
async fn pages_asked_for_together_are_answered_each_in_its_place() {
    let database = Database::create().await;
    let user = seven(&database).await;
    let line = Line::new(database.pool.clone());
    let of = |user, before: Option<i64>, limit| PageOf {
        client: LOCAL,
        user,
        before: before.map(SubscriptionId),
        limit,
    };
    let asked = [
        of(UserId(99), None, 5),
        of(user, None, 2),
        of(UserId(user.0 + 1), Some(5), 9),
        PageOf { client: OTHER, ..of(user, None, 2) },
        of(user, None, 2),
        of(user, Some(1), 1),
    ];
    let pages = reads::subscriptions(&line, &asked).await.unwrap();
    let found: Vec<Option<Vec<i64>>> = pages.iter().map(|page| page.as_ref().map(ids)).collect();
    let expected =
        [None, Some(vec![13, 11]), Some(vec![4, 2]), None, Some(vec![13, 11]), Some(vec![])];
    assert_eq!(found, expected);
    let more: Vec<bool> = pages.iter().flatten().map(|page| page.has_more).collect();
    assert_eq!(more, [true, false, true, false]);
    assert!(reads::subscriptions(&line, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_last_connection_of_a_pool_is_left_to_others() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    for connections_max in [1, 2] {
        let pool = database.pool_of(connections_max);
        let line = Line::new(pool.clone());
        for _ in 0..3 {
            let asked = PageOf { client: LOCAL, user: ann, before: None, limit: 1 };
            let pages = reads::subscriptions(&line, &[asked]).await.unwrap();
            assert!(pages[0].is_some());
            assert!(reads::user(&pool, LOCAL, ann).await.unwrap().is_some(), "{connections_max}");
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
    let user = sample::user(&database, "ann@a.org").await;
    let before: Instant = database.value("SELECT now()").await;
    let empty = page(&database, user, None, 10).await.unwrap();
    assert_eq!((empty.subscriptions.len(), empty.has_more), (0, false));
    assert!(empty.now > before);
    assert!(page(&database, UserId(99), None, 10).await.is_none());
    assert!(page(&database, UserId(99), Some(SubscriptionId(1)), 10).await.is_none());
}

#[tokio::test]
async fn what_belongs_to_another_client_does_not_exist() {
    let database = Database::create().await;
    sample::other_client(&database).await;
    let theirs = sample::user_of(&database, OTHER, "ann@a.org").await;
    let empty = sample::user_of(&database, OTHER, "bea@a.org").await;
    sample::subscription(&database, theirs, "active", "1 month").await;
    let gift = sample::gift(&database, theirs, "cid@a.org", "1 month").await;

    let pool = &database.pool;
    assert!(reads::user(pool, LOCAL, theirs).await.unwrap().is_none());
    assert!(reads::gift(pool, LOCAL, gift).await.unwrap().is_none());
    assert!(page(&database, theirs, None, 10).await.is_none());
    assert!(page(&database, empty, None, 10).await.is_none());

    assert_eq!(reads::user(pool, OTHER, theirs).await.unwrap().unwrap().id, theirs);
    assert_eq!(reads::gift(pool, OTHER, gift).await.unwrap().unwrap().0.id, gift);
    let own = PageOf { client: OTHER, user: theirs, before: None, limit: 10 };
    assert_eq!(sample::page(&database, own).await.unwrap().subscriptions.len(), 1);
}

#[tokio::test]
async fn an_unknown_user_or_gift_is_none() {
    let database = Database::create().await;
    for id in [1, 0, -1, i64::MIN, i64::MAX] {
        assert!(reads::user(&database.pool, LOCAL, UserId(id)).await.unwrap().is_none());
        assert!(reads::gift(&database.pool, LOCAL, GiftId(id)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_past_its_end_reads_as_expired_before_any_sweep() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let bea = sample::user(&database, "bea@a.org").await;
    sample::subscription(&database, ann, "active", "-1 millisecond").await;
    sample::subscription(&database, bea, "active", "1 hour").await;
    let lapsed = sample::gift(&database, ann, "bea@a.org", "-1 millisecond").await;
    let pending = sample::gift(&database, ann, "bea@a.org", "1 hour").await;

    for (user, effective) in [(ann, SubscriptionStatus::Expired), (bea, SubscriptionStatus::Active)]
    {
        let page = page(&database, user, None, 10).await.unwrap();
        let subscription = &page.subscriptions[0];
        assert_eq!(subscription.status, SubscriptionStatus::Active);
        assert_eq!(subscription.effective_status(page.now), effective);
    }
    for (id, effective) in [(lapsed, GiftStatus::Expired), (pending, GiftStatus::Pending)] {
        let (gift, now) = reads::gift(&database.pool, LOCAL, id).await.unwrap().unwrap();
        assert_eq!(gift.status, GiftStatus::Pending);
        assert_eq!(gift.effective_status(now), effective);
    }
}
