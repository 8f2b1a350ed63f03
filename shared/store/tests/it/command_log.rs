//! The command log takes each job once, and tells it to its client only.

use crate::sample::{begin, entry};
use domain::{Changes, ClientId, JobId, LogEntry, Needs};
use sqlx::query_scalar;
use std::collections::HashMap;
use store::{Batch, StoreError, command_log};
use support::Database;
use support::rows::{OTHER, other_client};

const LOCAL: ClientId = ClientId::LOCAL;
const ROWS: &str = "SELECT count(*) FROM transactions";

/// Commits entries without any change.
pub(crate) async fn append(database: &Database, entries: &[LogEntry]) -> Result<(), StoreError> {
    let (batch, ..) = begin(database, &Needs::default()).await;
    batch.commit(&Changes::default(), entries).await
}

/// What a batch finds of those jobs.
pub(crate) async fn find(database: &Database, jobs: &[JobId]) -> HashMap<JobId, LogEntry> {
    let jobs: Vec<_> = jobs.iter().map(|job| (LOCAL, *job)).collect();
    Batch::begin(database.store(), &Needs::default(), &jobs).await.unwrap().2.decided
}

#[tokio::test]
async fn only_the_jobs_asked_for_are_found() {
    let database = Database::create().await;
    let entries = ["a", "b", "c"].map(|key| entry(LOCAL, key));
    append(&database, &entries).await.unwrap();
    let unknown = entry(LOCAL, "unknown").job;
    let found = find(&database, &[entries[1].job, unknown, entries[1].job]).await;
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [entries[1].job]);
    assert!(find(&database, &[]).await.is_empty());
}

#[tokio::test]
async fn a_job_is_hidden_from_other_clients() {
    let database = Database::create().await;
    other_client(&database).await;
    // The same key of two clients: two jobs.
    let (ours, theirs) = (entry(LOCAL, "key"), entry(OTHER, "key"));
    append(&database, &[ours.clone(), theirs.clone()]).await.unwrap();
    for (client, job, expected) in [
        (LOCAL, ours.job, Some(&ours)),
        (OTHER, theirs.job, Some(&theirs)),
        (LOCAL, theirs.job, None),
        (OTHER, ours.job, None),
        (ClientId::SYSTEM, ours.job, None),
    ] {
        let found = command_log::find_job(database.store(), client, job).await.unwrap();
        assert_eq!(found.as_ref(), expected, "{client:?}");
    }
}

#[tokio::test]
async fn a_job_that_has_a_row_fails_the_whole_transaction_as_a_conflict() {
    let database = Database::create().await;
    let known = entry(LOCAL, "known");
    append(&database, std::slice::from_ref(&known)).await.unwrap();
    let mut same_key = entry(LOCAL, "known");
    same_key.job = entry(LOCAL, "another").job;

    for twin in [known.clone(), same_key] {
        let batch = [entry(LOCAL, "before"), twin, entry(LOCAL, "after")];
        let error = append(&database, &batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    }
    assert_eq!(database.value::<i64>(ROWS).await, 1);
    assert_eq!(find(&database, &[known.job]).await.get(&known.job), Some(&known));
}

#[tokio::test]
async fn rows_keep_the_order_in_which_they_were_decided() {
    let database = Database::create().await;
    let entries: Vec<_> = (0..50).map(|n| entry(LOCAL, &format!("k{n}"))).collect();
    append(&database, &entries).await.unwrap();
    let keys: Vec<String> =
        query_scalar("SELECT idempotency_key FROM transactions ORDER BY position")
            .fetch_all(database.pool())
            .await
            .unwrap();
    assert_eq!(keys, entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refusal_names_no_entity_and_a_success_does() {
    let database = Database::create().await;
    for (status, entity) in [(200, None), (201, None), (404, Some(1)), (422, Some(1))] {
        let mut wrong = entry(LOCAL, "key");
        wrong.answered.as_mut().unwrap().answer.status = status;
        wrong.entity = entity;
        let error = append(&database, &[wrong]).await.unwrap_err();
        assert_eq!(error.public_cause(), "the database refused it (23514)", "{status}");
    }
    append(&database, &[]).await.unwrap();
    assert_eq!(database.value::<i64>(ROWS).await, 0);
}
