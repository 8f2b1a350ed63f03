//! Writing what a batch decided.

use crate::sample::{begin, day, new_gift, new_subscription, new_user};
use domain::{
    Change, Changes, ClientId, Email, Grant, GrantId, GrantSource, JobId, Needs, Slice,
    Subscription, SubscriptionId, SubscriptionState, UserId,
};
use store::{StoreError, reads};
use support::Database;
use support::rows::{self, newest};

/// Commits those rows in a batch of their own.
async fn write(
    database: &Database,
    rows: impl IntoIterator<Item = Change>,
) -> Result<(), StoreError> {
    let mut changes = Changes::default();
    rows.into_iter().for_each(|change| changes.push(change));
    let (batch, ..) = begin(database, &Needs::default()).await;
    batch.commit(&changes, &[]).await
}

fn grant(id: i64, subscription: i64, source: GrantSource) -> Grant {
    Grant {
        id: GrantId::new(id),
        client: ClientId::LOCAL,
        subscription: SubscriptionId::new(subscription),
        source,
        months: 2,
        job: JobId::new(uuid::Uuid::from_u128(9)),
        granted_at: day(3),
        slice: Some(Slice { start: day(0), end: day(31) }),
        length: None,
        value: 0,
        currency: None,
        payment: None,
        to_credit: 0,
        from_grant: None,
        closed_at: None,
    }
}

#[tokio::test]
async fn new_rows_are_read_back_as_they_were_written() {
    let database = Database::create().await;
    let (ann, bea) = (new_user(1, "ann@a.org"), new_user(2, "Bea@Example.com"));
    let subscription = new_subscription(5, ann.id);
    let (pending, redeemed) = (new_gift(7, ann.id), new_gift(8, ann.id).redeemed(bea.id, day(2)));
    let rows = [
        Change::Grant(grant(1, 5, GrantSource::Purchase)),
        Change::Grant(grant(2, 5, GrantSource::Gift(redeemed.id))),
        Change::Gift(pending.clone()),
        Change::Gift(redeemed.clone()),
        Change::Subscription(subscription.clone()),
        Change::User(ann.clone()),
        Change::User(bea.clone()),
    ];
    write(&database, rows).await.unwrap();

    let store = database.store();
    for user in [ann, bea] {
        assert_eq!(reads::user(store, ClientId::LOCAL, user.id).await.unwrap(), Some(user));
    }
    for gift in [pending, redeemed] {
        let read = reads::gift(store, ClientId::LOCAL, gift.id).await.unwrap();
        assert_eq!(read.map(|(read, _)| read), Some(gift));
    }
    let page = newest(&database, ClientId::LOCAL, UserId::new(1), 10).await;
    assert_eq!(page.unwrap().subscriptions, [subscription]);
    let grants = "SELECT string_agg(concat_ws(' ', subscription_id, source, months, gift_id), ', '
                                    ORDER BY id)
                  FROM grants WHERE job_id = '00000000-0000-0000-0000-000000000009'";
    assert_eq!(database.value::<String>(grants).await, "5 purchase 2, 5 gift 2 8");
}

#[tokio::test]
async fn a_lapsed_subscription_and_its_successor_pass_in_one_write() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let lapsed = new_subscription(5, ann);
    write(&database, [Change::Subscription(lapsed.clone())]).await.unwrap();

    let successor = new_subscription(6, ann);
    let rows = [Change::Subscription(successor), Change::Subscription(lapsed.expired(day(40)))];
    write(&database, rows).await.unwrap();

    let active = "SELECT id FROM subscriptions WHERE status = 'active'";
    assert_eq!(database.value::<i64>(active).await, 6);
}

#[tokio::test]
async fn a_second_active_subscription_is_a_conflict_and_nothing_is_written() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    write(&database, [Change::Subscription(new_subscription(5, ann))]).await.unwrap();

    let rows =
        [Change::User(new_user(9, "z@a.org")), Change::Subscription(new_subscription(6, ann))];
    let error = write(&database, rows).await.unwrap_err();

    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    assert_eq!(database.value::<i64>("SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_change_of_a_subscription_touches_its_mutable_columns_only() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user(&database, "bea@a.org").await;
    let stored = new_subscription(5, ann);
    write(&database, [Change::Subscription(stored.clone())]).await.unwrap();

    let mut changed = new_subscription(5, bea).cancelled(day(9));
    (changed.months, changed.end_date) = (4, day(120));
    // A renewal may be of another plan, and one that waited begins.
    "yearly".clone_into(&mut changed.plan);
    changed.start_date = day(1);
    let mutable = changed.clone();
    changed.created_at = day(1);
    write(&database, [Change::Subscription(changed)]).await.unwrap();

    let page = newest(&database, ClientId::LOCAL, ann, 1).await;
    let read = page.unwrap().subscriptions;
    assert_eq!(read, [Subscription { user: ann, ..mutable }]);
    assert_eq!(read[0].state, SubscriptionState::Cancelled { at: day(9) });
}

#[tokio::test]
async fn a_change_of_a_gift_touches_its_mutable_columns_only() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user(&database, "bea@a.org").await;
    let stored = new_gift(5, ann);
    write(&database, [Change::Gift(stored.clone())]).await.unwrap();

    let mut changed = new_gift(5, bea).redeemed(bea, day(9));
    changed.recipient_email = Email::parse("else@a.org").unwrap();
    (changed.months, changed.expires_at, changed.created_at) = (9, day(99), day(9));
    write(&database, [Change::Gift(changed)]).await.unwrap();

    let read = reads::gift(database.store(), ClientId::LOCAL, stored.id).await.unwrap();
    assert_eq!(read.map(|(gift, _)| gift), Some(stored.redeemed(bea, day(9))));
}

#[tokio::test]
async fn a_user_is_never_overwritten() {
    let database = Database::create().await;
    write(&database, [Change::User(new_user(1, "ann@a.org"))]).await.unwrap();
    for (id, email) in [(1, "new@a.org"), (2, "ANN@a.org")] {
        let error = write(&database, [Change::User(new_user(id, email))]).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_count_beyond_its_column_is_refused_rather_than_cut() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let too_large = "a value cannot be written to months of subscriptions";
    for (months, cause) in [(1 << 31, too_large), (u32::MAX, too_large)] {
        let subscription = Subscription { months, ..new_subscription(5, ann) };
        let error = write(&database, [Change::Subscription(subscription)]).await.unwrap_err();
        assert_eq!(error.public_cause(), cause, "{months}");
    }
    assert_eq!(database.value::<i64>("SELECT count(*) FROM subscriptions").await, 0);
}
