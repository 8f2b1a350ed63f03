//! What clients look up.

use crate::pages::page;
use domain::{
    ClientId, GiftId, GiftState, GiftStatus, SubscriptionState, SubscriptionStatus, UserId,
};
use store::reads::{self, PageOf};
use support::Database;
use support::rows::{self, OTHER};

const LOCAL: ClientId = ClientId::LOCAL;

#[tokio::test]
async fn what_belongs_to_another_client_does_not_exist() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let theirs = rows::user_of(&database, OTHER, "ann@a.org").await;
    let empty = rows::user_of(&database, OTHER, "bea@a.org").await;
    rows::subscription(&database, theirs, "active", "1 month").await;
    let gift = rows::gift(&database, theirs, "cid@a.org", "1 month").await;

    let store = database.store();
    assert!(reads::user(store, LOCAL, theirs).await.unwrap().is_none());
    assert!(reads::gift(store, LOCAL, gift).await.unwrap().is_none());
    assert!(page(&database, theirs, None, 10).await.is_none());
    assert!(page(&database, empty, None, 10).await.is_none());

    assert_eq!(reads::user(store, OTHER, theirs).await.unwrap().unwrap().id, theirs);
    assert_eq!(reads::gift(store, OTHER, gift).await.unwrap().unwrap().0.id, gift);
    let own = PageOf { client: OTHER, user: theirs, before: None, limit: 10 };
    assert_eq!(rows::page(&database, own).await.unwrap().subscriptions.len(), 1);
}

#[tokio::test]
async fn an_unknown_user_or_gift_is_none() {
    let database = Database::create().await;
    for id in [1, 0, -1, i64::MIN, i64::MAX] {
        assert!(reads::user(database.store(), LOCAL, UserId::new(id)).await.unwrap().is_none());
        assert!(reads::gift(database.store(), LOCAL, GiftId::new(id)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_past_its_end_reads_as_expired_before_any_sweep() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user(&database, "bea@a.org").await;
    rows::subscription(&database, ann, "active", "-1 millisecond").await;
    rows::subscription(&database, bea, "active", "1 hour").await;
    let lapsed = rows::gift(&database, ann, "bea@a.org", "-1 millisecond").await;
    let pending = rows::gift(&database, ann, "bea@a.org", "1 hour").await;

    for (user, effective) in [(ann, SubscriptionStatus::Expired), (bea, SubscriptionStatus::Active)]
    {
        let page = page(&database, user, None, 10).await.unwrap();
        let subscription = &page.subscriptions[0];
        assert_eq!(subscription.state, SubscriptionState::Active);
        assert_eq!(subscription.effective_status(page.now), effective);
    }
    for (id, effective) in [(lapsed, GiftStatus::Expired), (pending, GiftStatus::Pending)] {
        let (gift, now) = reads::gift(database.store(), LOCAL, id).await.unwrap().unwrap();
        assert_eq!(gift.state, GiftState::Pending);
        assert_eq!(gift.effective_status(now), effective);
    }
}
