//! Thousands of forged tasks among honest ones: what they cost Postgres, and whom they hold up.

use crate::forged::job;
use crate::stack::Stack;
use anyhow::{Context, Result};
use domain::{Instant, JobKey};
use e2e::{WithDatabase, eventually_true, fresh_key};
use serde_json::json;
use std::time::Duration;
use support::commands::create_user;

const FORGED: usize = 3_000;
const HONEST: usize = 20;

/// The transactions that the flood may cost in all. A worker looks ten times a second at most, for
/// the keys and for the command log, and these are done within seconds: one look for each forged
/// task would be three times as many.
const TRANSACTIONS_MAX: i64 = 1_000;

const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity \
                        WHERE datname = current_database() AND application_name LIKE 'commerce %'";

const SOON: Duration = Duration::from_mins(1);

const TRANSACTIONS: &str =
    "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";

/// Waits for the ends of the sessions that began after those of the api, with which they report
/// their transactions.
async fn until_reported(stack: &Stack, of_api: i64) -> Result<()> {
    eventually_true("the sessions of the worker have ended", SOON, async || {
        Ok(stack.count(SESSIONS).await? <= of_api)
    })
    .await
}

#[tokio::test]
async fn forged_tasks_share_their_looks_and_honest_ones_go_on() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let key = JobKey::new("unknown0".to_owned(), b"a guess", Instant::UNIX_EPOCH, false);
    let key = key.context("a key")?;
    let (mut forged, mut honest) = (Vec::new(), Vec::new());
    for number in 0..FORGED {
        let task = job(&format!("forged-{number}"), create_user("forged@example.com"))?;
        stack.plant(&task.id().to_string(), &task.sign(&key)).await?;
        forged.push(task.id().to_string());
        if number % (FORGED / HONEST) == 0 {
            let body = json!({"email": format!("user{number}@example.com")});
            honest.push(client.submit("/users", &fresh_key(), &body).await?);
        }
    }
    let (of_api, before) = (stack.count(SESSIONS).await?, stack.count(TRANSACTIONS).await?);
    stack.start_worker().await?;
    for task in &forged {
        assert!(stack.until_left(task).await?, "a forged task was done");
    }
    for task in &honest {
        assert!(!stack.until_left(task).await?, "an honest task was given up");
    }
    stack.worker(0)?.stop().await?;
    until_reported(&stack, of_api).await?;
    let cost = stack.count(TRANSACTIONS).await? - before;
    assert!(cost < TRANSACTIONS_MAX, "{cost} transactions");
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, i64::try_from(HONEST)?);
    stack.done().await
}

#[tokio::test]
async fn a_refused_job_that_is_requeued_is_refused_again_and_its_key_stays_good() -> Result<()> {
    let stack = Stack::start().await?;
    let key = JobKey::new("unknown0".to_owned(), b"a guess", Instant::UNIX_EPOCH, false);
    let task = job("k", create_user("forged@example.com"))?;
    let id = task.id().to_string();
    stack.plant(&id, &task.sign(&key.context("a key")?)).await?;
    for _ in 0..2 {
        assert!(stack.until_left(&id).await?, "it is given up");
        assert_eq!(stack.count("SELECT count(*) FROM users").await?, 0);
        stack.jobs("requeue", &id).await?;
    }
    assert!(stack.until_left(&id).await?, "it is given up");
    // The client's own request with that key is done, and answered as itself.
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    client.post("/users", "k", &body).await?.json(201)?;
    assert!(client.post("/users", "k", &body).await?.replayed());
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}
