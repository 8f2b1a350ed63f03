//! A power cut of Redis: it is killed, and its log ends where it ended before the jobs came. That
//! is more than a power cut takes with `appendfsync everysec`, which is the last second.

use anyhow::{Context, Result, ensure};
use e2e::{Client, Stack, WithDatabase, concurrently, eventually_true, text_of};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const DONE_WITHIN: Duration = Duration::from_mins(2);

/// Submits that many jobs at once, and returns their ids when all their 202s have come.
async fn accepted(client: &Client, count: usize) -> Result<Vec<String>> {
    let client = client.clone();
    concurrently(count, 100, move |index| {
        let client = client.clone();
        async move {
            let body = json!({"email": format!("user{index}@example.com")});
            client.submit("/users", &format!("k{index}"), &body).await
        }
    })
    .await
}

/// Asks for one job after the other, until told to stop: each is there, all the time.
fn watch(
    client: &Client,
    ids: &Arc<[String]>,
    stop: &CancellationToken,
) -> JoinHandle<Result<u64>> {
    let (client, ids, stop) = (client.clone(), ids.clone(), stop.clone());
    tokio::spawn(async move {
        let mut looks = 0;
        for id in ids.iter().cycle() {
            if stop.is_cancelled() {
                break;
            }
            let answer = client.get(&format!("/jobs/{id}")).await?;
            ensure!(answer.status == 200, "{answer}");
            looks += 1;
        }
        Ok(looks)
    })
}

/// Every job is done, and once.
async fn check_done(stack: &Stack, client: &Client, ids: &[String]) -> Result<()> {
    for id in ids {
        let job = client.finished_job(id, DONE_WITHIN).await?;
        assert_eq!(text_of(&job, "status")?, "succeeded", "{job}");
    }
    let count = i64::try_from(ids.len())?;
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, count);
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, count);
    // What was noted while it was being decided is deleted a while later.
    eventually_true("nothing is left", DONE_WITHIN, async || {
        Ok(stack.count("SELECT count(*) FROM accepted_jobs").await? == 0)
    })
    .await
}

#[tokio::test]
async fn one_accepted_job_survives_it_and_so_do_a_thousand_at_once() -> Result<()> {
    for count in [1, 1_000] {
        let mut stack = Stack::builder().workers(0).durable_redis().start().await?;
        let client = stack.client()?;
        let kept = stack.redis().log_size()?;
        let ids: Arc<[String]> = accepted(&client, count).await?.into();
        let stop = CancellationToken::new();
        let watching = watch(&client, &ids, &stop);
        assert_eq!(stack.redis().member_count().await?, u64::try_from(count * 5)?);

        stack.redis().cut_power(kept)?;
        stack.redis().resume().await?;
        assert_eq!(stack.redis().member_count().await?, 0, "all jobs are lost");
        stack.start_worker().await?;
        check_done(&stack, &client, &ids).await?;
        stop.cancel();
        assert!(watching.await?? > 0);
        stack.done().await?;
    }
    Ok(())
}

#[tokio::test]
async fn jobs_in_every_state_survive_it_while_workers_do_them() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(2).durable_redis().start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let kept = stack.redis().log_size()?;
    let submitting = {
        let client = client.clone();
        tokio::spawn(async move { accepted(&client, 1_000).await })
    };
    let ids: Arc<[String]> = submitting.await??.into();
    stack.redis().cut_power(kept)?;
    let stop = CancellationToken::new();
    let watching = watch(&other, &ids, &stop);
    stack.redis().resume().await?;
    check_done(&stack, &client, &ids).await.context("after the power cut")?;
    stop.cancel();
    assert!(watching.await?? > 0);
    stack.done().await
}

/// The admission was on the disk and the answer was not: the log ends while a worker has the job.
/// Several times, because it depends on who notices first that Redis was started again.
#[tokio::test]
async fn an_answer_that_it_took_is_given_again_although_its_worker_lives_on() -> Result<()> {
    let mut stack = Stack::builder().durable_redis().start().await?;
    let client = stack.client()?;
    for round in 0..6 {
        let mut locked = stack.db().begin().await?;
        sqlx::raw_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *locked).await?;
        let (key, body) = (format!("k{round}"), json!({"email": format!("user{round}@a.org")}));
        let id = client.submit("/users", &key, &body).await?;
        stack.wait_for_blocked_statement().await?;
        let kept = stack.redis().log_size()?;
        locked.rollback().await?;
        let done = client.finished_job(&id, DONE_WITHIN).await?;

        stack.redis().cut_power(kept)?;
        stack.redis().resume().await?;
        let again = client.finished_job(&id, Duration::from_secs(30)).await?;
        assert_eq!(again["result"], done["result"]);
        let replay = client.post("/users", &key, &body).await?;
        assert_eq!(replay.json(201)?, done["result"]);
    }
    stack.done().await
}
