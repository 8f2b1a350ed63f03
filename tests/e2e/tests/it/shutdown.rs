//! SIGTERM and SIGINT: finish what was begun, within a bound, and end with success.

use std::time::Duration;

use anyhow::Result;
use e2e::{Signal, Stack, WithDatabase, eventually_true, fresh_key};
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_idle_process_stops_at_once_on_either_signal() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(2).start().await?;
    for (index, signal) in [Signal::Terminate, Signal::Interrupt].into_iter().enumerate() {
        stack.api(index)?.process()?.signal(signal)?;
        stack.worker(index)?.process()?.signal(signal)?;
        for status in [
            stack.api(index)?.process()?.exit(SOON).await?,
            stack.worker(index)?.process()?.exit(SOON).await?,
        ] {
            assert_eq!(status.code(), Some(0), "{signal:?}");
        }
        stack.api(index)?.kill();
        stack.worker(index)?.kill();
    }
    stack.done().await
}

#[tokio::test]
async fn an_api_answers_the_requests_it_has_before_it_stops() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(0).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let body = json!({"email": "ada@example.com"});
    let idle = stack.redis().key_count().await?;
    let waiting = tokio::spawn({
        let (client, body) = (client.clone(), body.clone());
        async move { client.post_preferring("wait=30", "/users", "k", &body).await }
    });
    stack.redis().wait_for_more_keys_than(idle).await?;
    stack.api(0)?.stop(Duration::from_secs(40)).await?;
    // Its job goes on, and it is told where.
    let answer = waiting.await??;
    let job = answer.json(202)?;
    assert_eq!(job["status"], "queued");

    stack.start_worker().await?;
    let replay = other.post("/users", "k", &body).await?;
    replay.json(201)?;
    assert!(replay.replayed());
    stack.done().await
}

#[tokio::test]
async fn a_worker_finishes_its_batch_before_it_stops() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    stack.wait_for_blocked_statement().await?;

    stack.worker(0)?.process()?.signal(Signal::Terminate)?;
    lock.rollback().await?;
    let status = stack.worker(0)?.process()?.exit(Duration::from_secs(40)).await?;
    assert_eq!(status.code(), Some(0));
    stack.worker(0)?.kill();
    let job = client.job(&id).await?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)));
    stack.done().await
}

#[tokio::test]
async fn who_asks_twice_does_not_wait_and_loses_nothing() -> Result<()> {
    let mut stack = Stack::builder().worker("WORKER_ORPHAN_SECONDS", 2).start().await?;
    let client = stack.client()?;
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    stack.wait_for_blocked_statement().await?;
    let worker = stack.worker(0)?;
    worker.process()?.signal(Signal::Terminate)?;
    eventually_true("it heard", SOON, async || Ok(worker.log_text().contains("asked to stop")))
        .await?;
    worker.process()?.signal(Signal::Interrupt)?;
    worker.process()?.exit(Duration::from_secs(2)).await?;
    worker.kill();

    lock.rollback().await?;
    stack.start_worker().await?;
    assert_eq!(client.finished_job(&id, Duration::from_mins(1)).await?["status"], "succeeded");
    stack.done().await
}

#[tokio::test]
async fn jobs_that_a_stopping_worker_did_not_begin_wait_for_the_next() -> Result<()> {
    let mut stack = Stack::builder().worker("WORKER_BATCH_MAX", 8).start().await?;
    let client = stack.client()?;
    for round in 0..3 {
        for index in 0..100 {
            let body = json!({"email": format!("user{round}-{index}@example.com")});
            client.submit("/users", &fresh_key(), &body).await?;
        }
        stack.worker(0)?.stop(Duration::from_secs(40)).await?;
        stack.worker(0)?.start().await?;
    }
    eventually_true("all are done", Duration::from_mins(1), async || {
        Ok(stack.count("SELECT count(*) FROM users").await? == 300)
    })
    .await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 300);
    // A hand-over is no fault: none of them was tried twice.
    let retried = "SELECT count(*) FROM transactions WHERE attempts > 1";
    assert_eq!(stack.count(retried).await?, 0);
    stack.done().await
}

#[tokio::test]
async fn an_outage_does_not_keep_a_process_from_stopping() -> Result<()> {
    let mut stack = Stack::builder().postgres_proxy().durable_redis().start().await?;
    let client = stack.client()?;
    stack.proxy()?.cut();
    client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    stack.redis().stop().await?;
    stack.api(0)?.process()?.signal(Signal::Terminate)?;
    stack.worker(0)?.process()?.signal(Signal::Terminate)?;
    // Whatever they say of it, they end.
    stack.api(0)?.process()?.exit(Duration::from_secs(40)).await?;
    stack.worker(0)?.process()?.exit(Duration::from_secs(40)).await?;

    stack.redis().resume().await?;
    stack.proxy()?.restore();
    stack.api(0)?.start().await?;
    stack.worker(0)?.start().await?;
    let client = stack.client()?;
    client.post("/users", "k", &json!({"email": "ada@example.com"})).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn a_worker_that_misses_postgres_does_not_wait_for_it_before_it_stops() -> Result<()> {
    let mut stack = Stack::builder().postgres_proxy().start().await?;
    let client = stack.client()?;
    stack.proxy()?.cut();
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    eventually_true("the worker holds the job", SOON, async || {
        Ok(client.get(&format!("/jobs/{id}")).await?.json(200)?["status"] == "running")
    })
    .await?;
    // Far below the 20 seconds that a process has for what it can still finish.
    stack.worker(0)?.stop(Duration::from_secs(10)).await?;
    let job = client.get(&format!("/jobs/{id}")).await?.json(200)?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("queued"), &json!(0)), "{job}");

    stack.proxy()?.restore();
    stack.start_worker().await?;
    let job = client.finished_job(&id, SOON).await?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)), "{job}");
    stack.done().await
}
