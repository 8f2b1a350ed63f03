//! Loading is exact: what the needs name, and the active subscriptions of their users.

use crate::sample::{begin, local};
use domain::{
    ClientId, Email, GiftId, GiftState, Instant, Needs, SubscriptionId, UserId, WorkingSet,
};
use store::{Batch, StoreError};
use support::Database;
use support::rows::{self, OTHER};

const LOCAL: ClientId = ClientId::LOCAL;

async fn load(database: &Database, needs: &Needs) -> WorkingSet {
    begin(database, needs).await.1
}

fn key(client: ClientId, email: &str) -> (ClientId, String) {
    (client, Email::parse(email).unwrap().key())
}

#[tokio::test]
async fn a_user_comes_with_its_active_subscription_only() {
    let database = Database::create().await;
    let (ann, bea) =
        (rows::user(&database, "ann@a.org").await, rows::user(&database, "bea@a.org").await);
    let ended = rows::subscription(&database, ann, "expired", "-1 year").await;
    let cancelled = rows::subscription(&database, ann, "cancelled", "1 year").await;
    let active = rows::subscription(&database, ann, "active", "1 month").await;
    let of_bea = rows::subscription(&database, bea, "active", "1 month").await;
    let gift = rows::gift(&database, ann, "bea@a.org", "1 month").await;

    let working_set = load(&database, &Needs { users: local([ann]), ..Needs::default() }).await;

    assert_eq!(working_set.user(LOCAL, ann).unwrap().email.as_str(), "ann@a.org");
    assert_eq!(working_set.subscription(LOCAL, active).unwrap().user, ann);
    assert!(working_set.user(LOCAL, bea).is_none());
    for absent in [ended, cancelled, of_bea] {
        assert!(working_set.subscription(LOCAL, absent).is_none(), "{absent:?}");
    }
    assert!(working_set.gift(LOCAL, gift).is_none());
}

#[tokio::test]
async fn a_subscription_comes_with_its_user_and_the_active_one_of_that() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let ended = rows::subscription(&database, ann, "expired", "-1 year").await;
    let active = rows::subscription(&database, ann, "active", "1 month").await;

    let needs = Needs { subscriptions: local([ended]), ..Needs::default() };
    let working_set = load(&database, &needs).await;

    assert!(working_set.user(LOCAL, ann).is_some());
    assert!(working_set.subscription(LOCAL, ended).is_some());
    assert_eq!(working_set.live(ann, Instant::UNIX_EPOCH).map(|s| s.id), Some(active));
}

#[tokio::test]
async fn an_email_finds_its_user_in_any_case_and_in_its_client_only() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let ours = rows::user(&database, "Ann@A.org").await;
    let theirs = rows::user_of(&database, OTHER, "ann@a.org").await;
    let emails = [key(LOCAL, "ANN@a.ORG"), key(LOCAL, "nobody@a.org")].into();

    let working_set = load(&database, &Needs { emails, ..Needs::default() }).await;

    let email = Email::parse("aNN@a.org").unwrap();
    assert_eq!(working_set.user_by_email(LOCAL, &email).map(|user| user.id), Some(ours));
    assert!(working_set.user(OTHER, theirs).is_none());
    assert!(working_set.user_by_email(OTHER, &email).is_none());
}

#[tokio::test]
async fn emails_are_matched_in_pairs_with_their_clients() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user_of(&database, OTHER, "bea@a.org").await;
    let emails = [key(LOCAL, "bea@a.org"), key(OTHER, "ann@a.org")].into();

    let working_set = load(&database, &Needs { emails, ..Needs::default() }).await;

    assert!(working_set.user(LOCAL, ann).is_none());
    assert!(working_set.user(OTHER, bea).is_none());
}

#[tokio::test]
async fn a_gift_comes_alone_and_belongs_to_the_client_of_its_gifter() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let gifter = rows::user_of(&database, OTHER, "ann@a.org").await;
    let gift = rows::gift(&database, gifter, "bea@a.org", "1 month").await;
    let second = rows::gift(&database, gifter, "bea@a.org", "1 month").await;

    let needs = Needs { gifts: [(OTHER, gift)].into(), ..Needs::default() };
    let working_set = load(&database, &needs).await;

    let loaded = working_set.gift(OTHER, gift).unwrap();
    assert_eq!((loaded.months, loaded.state, loaded.gifter), (3, GiftState::Pending, gifter));
    assert!(working_set.gift(LOCAL, gift).is_none());
    assert!(working_set.gift(OTHER, second).is_none());
    assert!(working_set.user(OTHER, gifter).is_none());
}

#[tokio::test]
async fn what_does_not_exist_is_absent_without_an_error() {
    let database = Database::create().await;
    let needs = Needs {
        users: local([1, i64::MAX, -1].map(UserId::new)),
        emails: [key(LOCAL, "nobody@a.org")].into(),
        subscriptions: local([SubscriptionId::new(1)]),
        gifts: local([GiftId::new(1)]),
        ..Needs::default()
    };
    let working_set = load(&database, &needs).await;
    assert!(working_set.user(LOCAL, UserId::new(1)).is_none());
    load(&database, &Needs::default()).await;
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_an_error_that_names_it() {
    let database = Database::create().await;
    let user = rows::user(&database, "no address").await;
    let needs = Needs { users: local([user]), ..Needs::default() };
    let error = Batch::begin(database.store(), &needs, &[]).await.err().unwrap();
    let StoreError::Inconsistent { table, column, row } = error else { panic!("{error:?}") };
    assert_eq!((table, column, row), ("users", "email", user.to_string()));
}
