//! Somebody holds rows for long: who needs them waits, and nobody else does.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{Client, WithDatabase, concurrently, eventually_true, fresh_key};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);
/// How long a first command may wait for the lock of another.
const FIRST: Duration = Duration::from_secs(6);
/// How long later ones may: the batch before theirs may meet a lock (200 ms), their own may (200
/// ms), and they are tried again by themselves, where they may meet one of a batch (50 ms).
const LATER: Duration = Duration::from_millis(500);

/// Locks as a psql session would that nobody looks after.
async fn lock(stack: &Stack, statement: &str) -> Result<Transaction<'static, Postgres>> {
    let mut held = stack.db().begin().await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *held).await?;
    Ok(held)
}

async fn users(client: &Client, count: usize) -> Result<Vec<i64>> {
    let mut users = Vec::new();
    for index in 0..count {
        users.push(client.create_user(&format!("user{index}@example.com")).await?);
    }
    Ok(users)
}

/// Other people's commands, of every kind of need, each timed.
async fn slowest_of_others(client: &Client, count: usize) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    for _ in 0..count {
        let begun = Instant::now();
        let email = format!("{}@example.com", fresh_key());
        let user = client.create_user(&email).await?;
        slowest = slowest.max(begun.elapsed());
        let begun = Instant::now();
        client.subscribe(user, 1).await?;
        slowest = slowest.max(begun.elapsed());
    }
    Ok(slowest)
}

#[tokio::test]
async fn locked_rows_hold_up_their_own_commands_and_no_others() -> Result<()> {
    let stack = Stack::builder().workers(2).worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    let locked = users(&client, 4).await?;
    let held = lock(&stack, "SELECT id FROM users FOR NO KEY UPDATE").await?;
    let mut jobs = Vec::new();
    for user in &locked {
        let body = json!({"user_id": user, "plan": "monthly"});
        jobs.push(client.submit("/subscribe", &fresh_key(), &body).await?);
    }
    let slowest = slowest_of_others(&client, 1).await?;
    assert!(slowest < FIRST, "{slowest:?}");
    let mut later = Duration::ZERO;
    for user in &locked {
        // More of them come all the time.
        let body = json!({"user_id": user, "plan": "yearly"});
        jobs.push(client.submit("/subscribe", &fresh_key(), &body).await?);
        later = later.max(slowest_of_others(&client, 2).await?);
    }
    assert!(later < LATER, "{later:?}");
    for job in &jobs {
        let job = client.job(job).await?;
        assert!(job["status"] != "dead" && job["status"] != "succeeded", "{job}");
    }

    held.rollback().await?;
    let freed = Instant::now();
    for job in &jobs {
        let job = client.finished_job(job, SOON).await?;
        assert!(job["status"] == "succeeded" || job["status"] == "failed", "{job}");
    }
    assert!(freed.elapsed() < FIRST, "{:?}", freed.elapsed());
    let subscribed = "SELECT count(*) FROM transactions WHERE operation = 'subscribe' \
                      AND status = 201 AND user_id <= 4 AND attempts = 1";
    assert_eq!(stack.count(subscribed).await?, 4);
    stack.done().await
}

#[tokio::test]
async fn a_row_that_somebody_adds_and_does_not_commit_is_waited_for() -> Result<()> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    let insert = "INSERT INTO users (client_id, email, created_at) \
                  VALUES (2, 'ann@example.com', now())";
    let held = lock(&stack, insert).await?;
    let body = json!({"email": "ann@example.com"});
    let job = client.submit("/users", &fresh_key(), &body).await?;
    let slowest = slowest_of_others(&client, 3).await?;
    assert!(slowest < FIRST, "{slowest:?}");
    assert_ne!(client.job(&job).await?["status"], "dead");
    held.rollback().await?;
    assert_eq!(client.finished_job(&job, SOON).await?["status"], "succeeded");
    stack.done().await
}

/// As when Redis was started again, or a busy worker seemed to be dead.
#[tokio::test]
async fn a_task_that_comes_again_while_it_waits_for_a_lock_is_no_other_attempt() -> Result<()> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ann@example.com").await?;
    let held = lock(&stack, "SELECT id FROM users FOR NO KEY UPDATE").await?;
    let body = json!({"user_id": user, "plan": "monthly"});
    let job = client.submit("/subscribe", &fresh_key(), &body).await?;
    eventually_true("it runs", SOON, async || Ok(client.job(&job).await?["status"] == "running"))
        .await?;
    for _ in 0..2 {
        stack.deliver_again(&job).await?;
        client.create_user(&format!("{}@example.com", fresh_key())).await?;
    }
    slowest_of_others(&client, 1).await?;
    assert_eq!(client.job(&job).await?["status"], "running");
    held.rollback().await?;
    let job = client.finished_job(&job, SOON).await?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)), "{job}");
    stack.done().await
}

#[tokio::test]
async fn a_locked_table_is_waited_for_and_no_command_is_given_up() -> Result<()> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    let held = lock(&stack, "LOCK TABLE subscriptions").await?;
    let mut jobs = Vec::new();
    for index in 0..20 {
        let body = json!({"email": format!("user{index}@example.com")});
        jobs.push(client.submit("/users", &fresh_key(), &body).await?);
    }
    stack.wait_for_blocked_statement().await?;
    held.rollback().await?;
    for job in &jobs {
        assert_eq!(client.finished_job(job, SOON).await?["status"], "succeeded");
    }
    stack.done().await
}

#[tokio::test]
async fn a_worker_that_stops_hands_back_what_is_blocked() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ann@example.com").await?;
    let held = lock(&stack, "SELECT id FROM users FOR NO KEY UPDATE").await?;
    let body = json!({"user_id": user, "plan": "monthly"});
    let job = client.submit("/subscribe", &fresh_key(), &body).await?;
    eventually_true("it runs", SOON, async || Ok(client.job(&job).await?["status"] == "running"))
        .await?;
    client.create_user("bea@example.com").await?;
    let begun = Instant::now();
    stack.worker(0)?.stop().await?;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    held.rollback().await?;
    stack.start_worker().await?;
    assert_eq!(client.finished_job(&job, SOON).await?["attempts"], 1);
    stack.done().await
}

#[tokio::test]
async fn more_blocked_commands_than_a_worker_holds_keep_none_of_others_waiting() -> Result<()> {
    let stack = Stack::builder()
        .worker("WORKER_BATCH_MAX", 4)
        .worker("WORKER_ATTEMPTS_MAX", 1)
        .start()
        .await?;
    let client = stack.client()?;
    let user = client.create_user("ann@example.com").await?;
    let held = lock(&stack, "SELECT id FROM users FOR NO KEY UPDATE").await?;
    let jobs = concurrently(30, 10, {
        let client = client.clone();
        move |_| {
            let client = client.clone();
            let body = json!({"user_id": user, "plan": "monthly"});
            async move { client.submit("/subscribe", &fresh_key(), &body).await }
        }
    })
    .await?;
    let slowest = slowest_of_others(&client, 3).await?;
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    held.rollback().await?;
    for job in &jobs {
        let job = client.finished_job(job, SOON).await?;
        assert!(job["status"] == "succeeded" || job["status"] == "failed", "{job}");
    }
    stack.done().await
}
