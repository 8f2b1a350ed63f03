//! Loading is exact: what the footprint names, and the active subscriptions of its users.

use crate::database::Database;
use crate::sample::{self, OTHER};
use shared::domain::world::Footprint;
use shared::domain::{ClientId, Email, GiftId, Instant, SubscriptionId, UserId, World};
use shared::store::world::Wanted;
use shared::store::{StoreError, world};

const LOCAL: ClientId = ClientId::LOCAL;

async fn load(database: &Database, footprint: &Footprint) -> World {
    let mut tx = database.pool.begin().await.unwrap();
    world::load(&mut tx, footprint, &[], Wanted::default()).await.unwrap().0
}

fn key(client: ClientId, email: &str) -> (ClientId, String) {
    (client, Email::parse(email).unwrap().key())
}

#[tokio::test]
async fn a_user_comes_with_its_active_subscription_only() {
    let database = Database::create().await;
    let (ann, bea) =
        (sample::user(&database, "ann@a.org").await, sample::user(&database, "bea@a.org").await);
    let ended = sample::subscription(&database, ann, "expired", "-1 year").await;
    let cancelled = sample::subscription(&database, ann, "cancelled", "1 year").await;
    let active = sample::subscription(&database, ann, "active", "1 month").await;
    let of_bea = sample::subscription(&database, bea, "active", "1 month").await;
    let gift = sample::gift(&database, ann, "bea@a.org", "1 month").await;

    let world = load(&database, &Footprint { users: [ann].into(), ..Footprint::default() }).await;

    assert_eq!(world.user(LOCAL, ann).unwrap().email.as_str(), "ann@a.org");
    assert_eq!(world.subscription(LOCAL, active).unwrap().user, ann);
    assert!(world.user(LOCAL, bea).is_none());
    for absent in [ended, cancelled, of_bea] {
        assert!(world.subscription(LOCAL, absent).is_none(), "{absent:?}");
    }
    assert!(world.gift(LOCAL, gift).is_none());
}

#[tokio::test]
async fn a_subscription_comes_with_its_user_and_the_active_one_of_that() {
    let database = Database::create().await;
    let ann = sample::user(&database, "ann@a.org").await;
    let ended = sample::subscription(&database, ann, "expired", "-1 year").await;
    let active = sample::subscription(&database, ann, "active", "1 month").await;

    let footprint = Footprint { subscriptions: [ended].into(), ..Footprint::default() };
    let world = load(&database, &footprint).await;

    assert!(world.user(LOCAL, ann).is_some());
    assert!(world.subscription(LOCAL, ended).is_some());
    assert_eq!(world.running(ann, Instant::UNIX_EPOCH).map(|s| s.id), Some(active));
}

#[tokio::test]
async fn an_email_finds_its_user_in_any_case_and_in_its_client_only() {
    let database = Database::create().await;
    sample::other_client(&database).await;
    let ours = sample::user(&database, "Ann@A.org").await;
    let theirs = sample::user_of(&database, OTHER, "ann@a.org").await;
    let emails = [key(LOCAL, "ANN@a.ORG"), key(LOCAL, "nobody@a.org")].into();

    let world = load(&database, &Footprint { emails, ..Footprint::default() }).await;

    let email = Email::parse("aNN@a.org").unwrap();
    assert_eq!(world.user_by_email(LOCAL, &email).map(|user| user.id), Some(ours));
    assert!(world.user(OTHER, theirs).is_none());
    assert!(world.user_by_email(OTHER, &email).is_none());
}

#[tokio::test]
async fn emails_are_matched_in_pairs_with_their_clients() {
    let database = Database::create().await;
    sample::other_client(&database).await;
    let ann = sample::user(&database, "ann@a.org").await;
    let bea = sample::user_of(&database, OTHER, "bea@a.org").await;
    let emails = [key(LOCAL, "bea@a.org"), key(OTHER, "ann@a.org")].into();

    let world = load(&database, &Footprint { emails, ..Footprint::default() }).await;

    assert!(world.user(LOCAL, ann).is_none());
    assert!(world.user(OTHER, bea).is_none());
}

#[tokio::test]
async fn a_gift_comes_alone_and_belongs_to_the_client_of_its_gifter() {
    let database = Database::create().await;
    sample::other_client(&database).await;
    let gifter = sample::user_of(&database, OTHER, "ann@a.org").await;
    let gift = sample::gift(&database, gifter, "bea@a.org", "1 month").await;
    let second = sample::gift(&database, gifter, "bea@a.org", "1 month").await;

    let world = load(&database, &Footprint { gifts: [gift].into(), ..Footprint::default() }).await;

    let loaded = world.gift(OTHER, gift).unwrap();
    assert_eq!((loaded.months, loaded.recipient, loaded.gifter), (3, None, gifter));
    assert!(world.gift(LOCAL, gift).is_none());
    assert!(world.gift(OTHER, second).is_none());
    assert!(world.user(OTHER, gifter).is_none());
}

#[tokio::test]
async fn what_does_not_exist_is_absent_without_an_error() {
    let database = Database::create().await;
    let footprint = Footprint {
        users: [UserId(1), UserId(i64::MAX), UserId(-1)].into(),
        emails: [key(LOCAL, "nobody@a.org")].into(),
        subscriptions: [SubscriptionId(1)].into(),
        gifts: [GiftId(1)].into(),
    };
    let world = load(&database, &footprint).await;
    assert!(world.user(LOCAL, UserId(1)).is_none());
    load(&database, &Footprint::default()).await;
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_an_error_that_names_it() {
    let database = Database::create().await;
    let user = sample::user(&database, "no address").await;
    let mut tx = database.pool.begin().await.unwrap();
    let footprint = Footprint { users: [user].into(), ..Footprint::default() };
    let error = world::load(&mut tx, &footprint, &[], Wanted::default()).await.unwrap_err();
    let StoreError::Inconsistent { table, column, id } = error else { panic!("{error:?}") };
    assert_eq!((table, column, id), ("users", "email", user.0));
}
