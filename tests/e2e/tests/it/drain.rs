//! A long queue.

use std::time::Duration;

use anyhow::Result;
use e2e::{Stack, WithDatabase, concurrently, eventually_true};
use serde_json::json;

const JOBS: u32 = 20_000;

#[tokio::test]
async fn twenty_thousand_jobs_wait_for_a_worker_and_are_done_once() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(0).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let lanes = clients.clone();
    let jobs = concurrently(usize::try_from(JOBS)?, 64, move |index| {
        let client = lanes[index % 2].clone();
        async move {
            let body = json!({"email": format!("user{index}@example.com")});
            client.submit("/users", &format!("k{index}"), &body).await
        }
    })
    .await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 0);

    stack.start_worker().await?;
    stack.start_worker().await?;
    eventually_true("the queue is drained", Duration::from_mins(3), async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? >= i64::from(JOBS))
    })
    .await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, i64::from(JOBS));
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, i64::from(JOBS));
    let failed = "SELECT count(*) FROM transactions WHERE status <> 201 OR attempts <> 1";
    assert_eq!(stack.count(failed).await?, 0);
    for index in [0, 1, jobs.len() / 2, jobs.len() - 1] {
        let job = clients[0].finished_job(&jobs[index], Duration::from_secs(30)).await?;
        assert_eq!(job["result"]["email"], format!("user{index}@example.com"));
    }
    stack.done().await
}

#[tokio::test]
async fn finished_jobs_leave_nothing_behind_in_redis_but_their_answers() -> Result<()> {
    // Answers are kept for a second only: what is left after that was left behind.
    let mut stack = Stack::builder()
        .api("IDEMPOTENCY_TTL_SECONDS", 1)
        .worker("IDEMPOTENCY_TTL_SECONDS", 1)
        .start()
        .await?;
    let client = stack.client()?;
    client.create_user("first@example.com").await?;
    concurrently(2_000, 32, move |index| {
        let client = client.clone();
        async move {
            let body = json!({"email": format!("user{index}@example.com")});
            client.submit("/users", &format!("k{index}"), &body).await
        }
    })
    .await?;
    eventually_true("all are done", Duration::from_mins(1), async || {
        Ok(stack.count("SELECT count(*) FROM users").await? == 2_001)
    })
    .await?;
    // A handful of keys for the queue itself, with a handful of members.
    eventually_true("Redis is empty again", Duration::from_mins(1), async || {
        let keys = stack.redis().key_count().await?;
        let members = stack.redis().member_count().await?;
        anyhow::ensure!(keys < 30 && members < 100, "{keys} keys, {members} members");
        Ok(true)
    })
    .await?;
    stack.done().await
}
