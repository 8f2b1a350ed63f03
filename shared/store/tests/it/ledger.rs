//! The ledger gives back what it was given, to the byte, and takes each job once.

use crate::database::Database;
use crate::sample::{OTHER, day, entry, other_client};
use shared::domain::{Answer, ClientId, Instant, JobId, Operation};
use shared::store::ledger::{self, Entry};
use shared::store::{PgPool, StoreError};
use sqlx::query_scalar;
use std::collections::HashMap;

const LOCAL: ClientId = ClientId::LOCAL;
const ROWS: &str = "SELECT count(*) FROM transactions";

async fn append(pool: &PgPool, entries: &[Entry]) -> Result<(), StoreError> {
    let mut tx = pool.begin().await?;
    ledger::append(&mut tx, entries).await?;
    tx.commit().await?;
    Ok(())
}

async fn find(pool: &PgPool, jobs: &[JobId]) -> HashMap<JobId, Entry> {
    let jobs: Vec<_> = jobs.iter().map(|job| job.0).collect();
    ledger::find(&mut pool.acquire().await.unwrap(), &jobs).await.unwrap()
}

/// Bodies that a careless path would change on their way.
fn bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "",
        " ",
        "{}",
        "{\"a\" : 1,\t\"a\":2}\r\n",
        r#"it's "quoted", \back\slashed, {braced}, NULL, $1, %s, E'\x00'"#,
        "{\"quotes\":\"'\\\"\\\\''\"}",
        "ünïcödé, 日本語, 🎁, \u{202e}, e\u{301} is not \u{e9}, \u{feff}, \u{1}\u{7f}",
    ]
    .map(str::to_owned)
    .into();
    bodies.push("a".repeat(60 * 1024));
    bodies.push("\"🎁\\,{}".repeat(6 * 1024));
    bodies
}

#[tokio::test]
async fn rows_come_back_as_they_went_in() {
    let database = Database::create().await;
    let statuses = [200, 201, 399, 400, 404, 409, 422, 499];
    let mut entries = Vec::new();
    for (n, body) in bodies().into_iter().enumerate() {
        for status in statuses {
            let mut new = entry(LOCAL, &format!("{n}/{status}"));
            new.operation = Operation::ALL[n % Operation::ALL.len()];
            new.answer = Answer { status, body: body.clone() };
            new.entity = new.answer.is_success().then_some(i64::MAX);
            (new.attempts, new.submitted_at) = (status.into(), day(n.try_into().unwrap()));
            entries.push(new);
        }
    }
    append(&database.pool, &entries).await.unwrap();

    let jobs: Vec<JobId> = entries.iter().map(|entry| entry.job).collect();
    let found = find(&database.pool, &jobs).await;
    assert_eq!(found.len(), entries.len());
    for entry in &entries {
        assert_eq!(found.get(&entry.job), Some(entry));
        let alone = ledger::find_job(&database.pool, LOCAL, entry.job).await.unwrap();
        assert_eq!(alone.as_ref(), Some(entry));
    }
}

#[tokio::test]
async fn keys_of_every_allowed_byte_and_length_come_back() {
    let database = Database::create().await;
    let every: String = ('!'..='~').collect();
    let entries = [every, "k".repeat(255), "'".to_owned()].map(|key| entry(LOCAL, &key));
    append(&database.pool, &entries).await.unwrap();
    for entry in &entries {
        let found = ledger::find_job(&database.pool, LOCAL, entry.job).await.unwrap();
        assert_eq!(found.as_ref(), Some(entry));
    }
}

#[tokio::test]
async fn only_the_jobs_asked_for_are_found() {
    let database = Database::create().await;
    let entries = ["a", "b", "c"].map(|key| entry(LOCAL, key));
    append(&database.pool, &entries).await.unwrap();
    let unknown = entry(LOCAL, "unknown").job;
    let found = find(&database.pool, &[entries[1].job, unknown, entries[1].job]).await;
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [entries[1].job]);
    assert!(find(&database.pool, &[]).await.is_empty());
}

#[tokio::test]
async fn a_job_is_hidden_from_other_clients() {
    let database = Database::create().await;
    other_client(&database).await;
    // The same key of two clients: two jobs.
    let (ours, theirs) = (entry(LOCAL, "key"), entry(OTHER, "key"));
    append(&database.pool, &[ours.clone(), theirs.clone()]).await.unwrap();
    for (client, job, expected) in [
        (LOCAL, ours.job, Some(&ours)),
        (OTHER, theirs.job, Some(&theirs)),
        (LOCAL, theirs.job, None),
        (OTHER, ours.job, None),
        (ClientId::SYSTEM, ours.job, None),
    ] {
        let found = ledger::find_job(&database.pool, client, job).await.unwrap();
        assert_eq!(found.as_ref(), expected, "{client:?}");
    }
}

#[tokio::test]
async fn a_job_that_has_a_row_fails_the_whole_transaction_as_a_conflict() {
    let database = Database::create().await;
    let known = entry(LOCAL, "known");
    append(&database.pool, std::slice::from_ref(&known)).await.unwrap();
    let mut same_key = entry(LOCAL, "known");
    same_key.job = entry(LOCAL, "another").job;

    for twin in [known.clone(), same_key] {
        let batch = [entry(LOCAL, "before"), twin, entry(LOCAL, "after")];
        let error = append(&database.pool, &batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    }
    assert_eq!(database.value::<i64>(ROWS).await, 1);
    assert_eq!(find(&database.pool, &[known.job]).await.get(&known.job), Some(&known));
}

#[tokio::test]
async fn rows_keep_the_order_in_which_they_were_decided() {
    let database = Database::create().await;
    let entries: Vec<_> = (0..50).map(|n| entry(LOCAL, &format!("k{n}"))).collect();
    append(&database.pool, &entries).await.unwrap();
    let keys: Vec<String> =
        query_scalar("SELECT idempotency_key FROM transactions ORDER BY position")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    assert_eq!(keys, entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refusal_names_no_entity_and_a_success_does() {
    let database = Database::create().await;
    for (status, entity) in [(200, None), (201, None), (404, Some(1)), (422, Some(1))] {
        let mut wrong = entry(LOCAL, "key");
        (wrong.answer.status, wrong.entity) = (status, entity);
        let error = append(&database.pool, &[wrong]).await.unwrap_err();
        assert_eq!(error.public_cause(), "the database refused it (23514)", "{status}");
    }
    append(&database.pool, &[]).await.unwrap();
    assert_eq!(database.value::<i64>(ROWS).await, 0);
}

#[tokio::test]
async fn times_are_kept_to_the_microsecond() {
    let database = Database::create().await;
    let mut new = entry(LOCAL, "key");
    new.submitted_at = Instant::from_timestamp_micros(1).unwrap();
    new.finished_at = Instant::from_timestamp_micros(253_402_300_799_999_999).unwrap();
    append(&database.pool, std::slice::from_ref(&new)).await.unwrap();
    assert_eq!(ledger::find_job(&database.pool, LOCAL, new.job).await.unwrap(), Some(new));
}
