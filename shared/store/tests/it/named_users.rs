//! Users that are named by the ids of their client.

use crate::decided_batch::apply;
use crate::locks::load;
use crate::sample::{begin, local};
use domain::{ClientId, ExternalId, Instant, Needs};
use std::time::Duration;
use support::commands::{create_known_user, create_user, subscribe, subscribe_known};
use support::rows::{self, OTHER};
use support::{Database, eventually_true};

const LOCAL: ClientId = ClientId::LOCAL;

fn external_id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

/// Needs that name users of the local client by these ids.
fn named<const N: usize>(ids: [&str; N]) -> Needs {
    let external_ids = ids.map(|id| (LOCAL, external_id(id))).into();
    Needs { external_ids, ..Needs::default() }
}

/// Ann, Bea and a user of another client, whom both clients know as that.
async fn three(database: &Database) -> [domain::UserId; 3] {
    rows::other_client(database).await;
    let users = [
        rows::user(database, "ann@a.org").await,
        rows::user(database, "bea@a.org").await,
        rows::user_of(database, OTHER, "ann@a.org").await,
    ];
    database.run("UPDATE users SET external_id = left(email, 3)").await;
    users
}

#[tokio::test]
async fn an_external_id_finds_its_user_with_what_runs_and_in_its_client_only() {
    let database = Database::create().await;
    let [ann, bea, theirs] = three(&database).await;
    let active = rows::subscription(&database, ann, "active", "1 month").await;

    let (_, working_set, _) = begin(&database, &named(["ann", "Bea", "nobody", "it's"])).await;

    let found = working_set.user_by_external_id(LOCAL, &external_id("ann"));
    assert_eq!(found.map(|user| user.id), Some(ann));
    assert_eq!(working_set.live(ann, Instant::UNIX_EPOCH).map(|s| s.id), Some(active));
    assert!(working_set.user(LOCAL, bea).is_none(), "it was asked for in another case");
    assert!(working_set.user(OTHER, theirs).is_none());
    assert!(working_set.user_by_external_id(OTHER, &external_id("ann")).is_none());
}

/// The lock order is that of ids, in whatever way the users are named.
#[tokio::test]
async fn users_named_by_external_id_are_locked_in_the_order_of_all() {
    let database = Database::create().await;
    let [ann, bea, _] = three(&database).await;
    let zoe = rows::user(&database, "zoe@a.org").await;
    // In the order of the names Bea would come last.
    let needs = Needs { users: local([ann, zoe]), ..named(["bea", "ann"]) };
    let of_bea = format!("SELECT id FROM users WHERE id = {bea} FOR NO KEY UPDATE");
    let holder = database.begun(&of_bea).await;
    let loading = load(&database, &needs);
    database.until_blocked(1).await;

    let free = "SELECT array_agg(id ORDER BY id) FROM (
                    SELECT id FROM users WHERE client_id = 2 FOR NO KEY UPDATE SKIP LOCKED) AS u";
    let look = async || Ok(database.value::<Vec<i64>>(free).await == [zoe.get()]);
    eventually_true("Ann is locked, and Zoe is not", Duration::from_secs(10), look).await.unwrap();
    holder.rollback().await.unwrap();
    let working_set = loading.await.unwrap().unwrap();
    for user in [ann, bea, zoe] {
        assert!(working_set.user(LOCAL, user).is_some());
    }
}

#[tokio::test]
async fn a_user_can_be_named_in_the_batch_that_makes_it() {
    let database = Database::create().await;
    let batch = [
        ("early", subscribe_known("c-1")),
        ("create", create_known_user("ann@a.org", "c-1")),
        ("subscribe", subscribe_known("c-1")),
        ("again", create_known_user("bea@a.org", "c-1")),
    ];
    let decided = apply(&database, &batch).await.unwrap();
    let statuses: Vec<u16> = decided.iter().map(|entry| entry.answer().unwrap().status).collect();
    assert_eq!(statuses, [404, 201, 201, 409]);
    assert_eq!(decided[3].user.map(domain::UserId::get), decided[1].entity);

    // And in any later one, by either id.
    let ann = decided[1].entity.unwrap();
    for (key, command) in [("by-id", subscribe(ann)), ("by-name", subscribe_known("c-1"))] {
        let again = apply(&database, &[(key, command)]).await.unwrap().remove(0);
        assert_eq!(
            (again.answer().unwrap().status, again.user.map(domain::UserId::get)),
            (409, Some(ann))
        );
    }
}

/// Two batches that do not see each other make users of one name: the index lets one of them pass.
#[tokio::test]
async fn an_external_id_that_another_batch_has_taken_meanwhile_is_a_conflict() {
    let database = Database::create().await;
    let other = "INSERT INTO users (client_id, email, external_id, created_at)
                 VALUES (2, 'ann@a.org', 'c-1', now())";
    let other = database.begun(other).await;
    let store = database.store().clone();
    let mine = tokio::spawn(async move {
        let mut needs = Needs::default();
        let command = create_known_user("bea@a.org", "c-1");
        command.needs(LOCAL, &mut needs);
        let (batch, working_set, mut context) = store::Batch::begin(&store, &needs, &[]).await?;
        assert!(working_set.user_by_external_id(LOCAL, &external_id("c-1")).is_none());
        let decider = domain::Context {
            now: context.now,
            client: LOCAL,
            job: domain::JobId::new(uuid::Uuid::from_u128(1)),
            gift_ttl: chrono::TimeDelta::days(30),
            provider: None,
        };
        let decision = domain::decide(&working_set, &decider, &command, &mut context.new_ids);
        let mut changes = domain::Changes::default();
        decision.changes.into_iter().for_each(|change| changes.push(change));
        batch.commit(&changes, &[]).await
    });
    database.until_blocked(1).await;
    other.commit().await.unwrap();
    let error = mine.await.unwrap().unwrap_err();
    assert!(matches!(error, store::StoreError::Conflict(_)), "{error:?}");

    let retried = apply(&database, &[("again", create_known_user("bea@a.org", "c-1"))]).await;
    assert_eq!(retried.unwrap()[0].answer().unwrap().status, 409);
    let made = apply(&database, &[("other", create_user("bea@a.org"))]).await.unwrap();
    assert_eq!(made[0].answer().unwrap().status, 201);
}
