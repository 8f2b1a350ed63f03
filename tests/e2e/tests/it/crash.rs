//! Processes die at the worst moment.

use std::time::Duration;

use anyhow::Result;
use e2e::{Signal, Stack, WithDatabase, eventually_true, fresh_key};
use serde_json::json;

const TAKEN_OVER: Duration = Duration::from_mins(1);

#[tokio::test]
async fn jobs_of_a_killed_worker_are_taken_over() -> Result<()> {
    let mut stack = Stack::builder().worker("WORKER_ORPHAN_SECONDS", 2).start().await?;
    let client = stack.client()?;
    // The worker gets stuck in the middle of a batch, before its commit.
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let mut jobs = Vec::new();
    for index in 0..100 {
        let body = json!({"email": format!("user{index}@example.com")});
        jobs.push(client.submit("/users", &fresh_key(), &body).await?);
    }
    stack.wait_for_blocked_statement().await?;
    let first = client.job(&jobs[0]).await?;
    assert_eq!((&first["status"], &first["attempts"]), (&json!("running"), &json!(1)));
    stack.worker(0)?.kill();
    lock.rollback().await?;

    stack.start_worker().await?;
    for id in &jobs {
        let job = client.finished_job(id, TAKEN_OVER).await?;
        assert_eq!(job["status"], "succeeded");
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 100);
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 100);
    stack.done().await
}

#[tokio::test]
async fn a_running_worker_takes_over_from_a_killed_one() -> Result<()> {
    let mut stack = Stack::builder().workers(3).worker("WORKER_ORPHAN_SECONDS", 2).start().await?;
    let client = stack.client()?;
    for round in 0..3 {
        for index in 0..200 {
            let body = json!({"email": format!("user{round}-{index}@example.com")});
            client.submit("/users", &fresh_key(), &body).await?;
            if index == 100 {
                stack.worker(round % 2)?.kill();
            }
        }
        stack.worker(round % 2)?.start().await?;
    }
    eventually_true("all are done", TAKEN_OVER, async || {
        Ok(stack.count("SELECT count(*) FROM users").await? == 600)
    })
    .await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 600);
    stack.done().await
}

#[tokio::test]
async fn what_was_committed_but_not_published_is_answered_all_the_same() -> Result<()> {
    let mut stack = Stack::builder().worker("WORKER_ORPHAN_SECONDS", 2).start().await?;
    let client = stack.client()?;
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let body = json!({"email": "ada@example.com"});
    let id = client.submit("/users", "k", &body).await?;
    stack.wait_for_blocked_statement().await?;
    // Redis hangs, the batch commits, the worker dies before it could say so.
    stack.redis().signal(Signal::Stop)?;
    lock.rollback().await?;
    eventually_true("committed", Duration::from_secs(20), async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? == 1)
    })
    .await?;
    stack.worker(0)?.kill();
    stack.redis().signal(Signal::Continue)?;

    stack.start_worker().await?;
    let job = client.finished_job(&id, TAKEN_OVER).await?;
    assert_eq!(job["status"], "succeeded");
    let replay = client.post("/users", "k", &body).await?;
    assert_eq!(replay.json(201)?, job["result"]);
    assert!(replay.replayed());
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_worker_that_was_frozen_does_nothing_twice_when_it_wakes() -> Result<()> {
    let mut stack = Stack::builder()
        .worker("WORKER_ORPHAN_SECONDS", 2)
        .worker("WORKER_BATCH_MAX", 16)
        .start()
        .await?;
    let client = stack.client()?;
    for round in 0..3 {
        for index in 0..200 {
            let body = json!({"email": format!("user{round}-{index}@example.com")});
            client.submit("/users", &fresh_key(), &body).await?;
            if index == 100 {
                stack.worker(0)?.process()?.signal(Signal::Stop)?;
            }
        }
        if round == 0 {
            stack.start_worker().await?;
        }
        let goal = i64::from(round + 1) * 200;
        eventually_true("the other does it all", TAKEN_OVER, async || {
            Ok(stack.count("SELECT count(*) FROM users").await? == goal)
        })
        .await?;
        stack.worker(0)?.process()?.signal(Signal::Continue)?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 600);
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 600);
    stack.done().await
}

#[tokio::test]
async fn a_worker_frozen_in_its_transaction_holds_up_the_others_for_a_bounded_time() -> Result<()> {
    let mut stack = Stack::builder().worker("WORKER_ORPHAN_SECONDS", 2).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let body = json!({"user_id": user, "plan": "monthly"});
    let id = client.submit("/subscribe", "k", &body).await?;
    stack.wait_for_blocked_statement().await?;
    // It gets its row locks, and does not know.
    stack.worker(0)?.process()?.signal(Signal::Stop)?;
    lock.rollback().await?;

    stack.start_worker().await?;
    let job = client.finished_job(&id, TAKEN_OVER).await?;
    assert_eq!(job["status"], "succeeded");
    stack.worker(0)?.process()?.signal(Signal::Continue)?;
    client.post("/subscribe", "k", &body).await?.json(201)?;
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 1);
    assert_eq!(client.job(&id).await?, job);
    stack.done().await
}

#[tokio::test]
async fn a_killed_api_loses_no_job_it_admitted() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(0).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let body = json!({"email": "ada@example.com"});
    let idle = stack.redis().key_count().await?;
    let waiting = tokio::spawn({
        let (client, body) = (client.clone(), body.clone());
        async move { client.post("/users", "k", &body).await }
    });
    stack.redis().wait_for_more_keys_than(idle).await?;
    stack.api(0)?.kill();
    assert!(waiting.await?.is_err());

    stack.start_worker().await?;
    let retry = other.post("/users", "k", &body).await?;
    retry.json(201)?;
    assert!(retry.replayed());
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_durable_redis_keeps_every_accepted_job_over_its_own_death() -> Result<()> {
    let mut stack = Stack::builder().durable_redis().workers(0).start().await?;
    let client = stack.client()?;
    let mut jobs = Vec::new();
    for index in 0..200 {
        let body = json!({"email": format!("user{index}@example.com")});
        jobs.push(client.submit("/users", &fresh_key(), &body).await?);
    }
    stack.redis().kill();
    stack.redis().resume().await?;
    stack.start_worker().await?;
    eventually_true("the api is well", Duration::from_secs(30), async || {
        Ok(client.get("/health").await?.status == 200)
    })
    .await?;
    for id in &jobs {
        let job = client.finished_job(id, TAKEN_OVER).await?;
        assert_eq!(job["status"], "succeeded");
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 200);
    stack.done().await
}
