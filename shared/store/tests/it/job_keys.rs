//! The keys of jobs: made by Postgres, the first one once.

use domain::{ClientId, IdempotencyKey, JobKey, JobKeyState, SignedContent, job_id};
use std::collections::HashSet;
use store::{Finish, StoreError, job_keys};
use support::Database;
use tokio::task::JoinSet;

/// The names of the keys, oldest first, and what they are good for.
async fn states(database: &Database) -> Vec<(String, JobKeyState)> {
    let stored = job_keys::read(database.store()).await.unwrap();
    let keys = &stored.keys;
    keys.iter().map(|key| (key.kid().to_owned(), keys.state_of(key, stored.now))).collect()
}

/// What a key makes of some content. Keys of different secrets make different things of it.
fn signed(key: &JobKey) -> [u8; 32] {
    let (client, id) = (ClientId::LOCAL, IdempotencyKey::parse(b"k").unwrap());
    key.sign(&SignedContent { client, key: &id, job: job_id(client, &id), payload: b"{}" })
}

#[tokio::test]
async fn processes_that_start_at_once_find_one_first_key() {
    let database = Database::empty().await;
    let mut processes = JoinSet::new();
    for _ in 0..4 {
        let store = database.store_of(1);
        processes.spawn(async move {
            store.migrate(Finish::WhenAlone).await.unwrap();
            job_keys::read(&store).await.unwrap()
        });
    }
    let mut seen = HashSet::new();
    for stored in processes.join_all().await {
        assert_eq!(stored.keys.iter().count(), 1);
        let key = stored.keys.signing_at(stored.now);
        assert!(stored.now >= key.created_at());
        seen.insert((key.kid().to_owned(), signed(key)));
    }
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_new_key_has_another_secret_and_signs_when_it_is_two_minutes_old() {
    let database = Database::create().await;
    let first = states(&database).await[0].0.clone();
    let second = job_keys::rotate(database.store(), false).await.unwrap();
    let waiting = [(first.clone(), JobKeyState::Signing), (second.clone(), JobKeyState::Waiting)];
    assert_eq!(states(&database).await, waiting);
    let stored = job_keys::read(database.store()).await.unwrap();
    let hashes: HashSet<_> = stored.keys.iter().map(signed).collect();
    assert_eq!(hashes.len(), 2);

    database.run("UPDATE job_keys SET created_at = created_at - interval '2 minutes'").await;
    let turned = [(first, JobKeyState::Verifying), (second, JobKeyState::Signing)];
    assert_eq!(states(&database).await, turned);
}

#[tokio::test]
async fn after_compromised_ones_a_new_key_signs_at_once() {
    let database = Database::create().await;
    job_keys::rotate(database.store(), false).await.unwrap();
    let new = job_keys::rotate(database.store(), true).await.unwrap();
    let states = states(&database).await;
    assert_eq!(states.len(), 3);
    assert!(states[..2].iter().all(|(_, state)| *state == JobKeyState::Compromised), "{states:?}");
    assert_eq!(states[2], (new, JobKeyState::Signing));
}

#[tokio::test]
async fn a_table_without_a_key_that_signs_is_an_error_with_a_cure() {
    let database = Database::create().await;
    for without in ["UPDATE job_keys SET compromised_at = now()", "DELETE FROM job_keys"] {
        database.run(without).await;
        let error = job_keys::read(database.store()).await.unwrap_err();
        assert!(matches!(error, StoreError::NoJobKey), "{error}");
        assert!(error.to_string().contains("worker secrets rotate"));
        job_keys::rotate(database.store(), false).await.unwrap();
        job_keys::read(database.store()).await.unwrap();
    }
}
