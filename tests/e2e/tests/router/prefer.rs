//! How long a submission waits for its job.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::{Result, ensure};
use e2e::{Client, concurrently, fresh_key};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn respond_async_answers_at_once_with_the_job() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let (ada, bob) = (json!({"email": "ada@example.com"}), json!({"email": "bob@example.com"}));
    let first = client.post_preferring("respond-async", "/users", "k1", &ada).await?;
    let second = client.post_preferring("respond-async", "/users", "k2", &bob).await?;
    ensure_kept("respond_async", &[&first, &second]);
    stack.done().await
}

#[tokio::test]
async fn without_a_worker_a_submission_waits_as_long_as_it_was_told_to() -> Result<()> {
    let stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 1_500).start().await?;
    let client = stack.client()?;
    // What is preferred, what is applied, and how long that takes.
    let cases = [
        (None, None, 1_500),
        (Some("wait=0"), Some("wait=0"), 0),
        (Some("wait=1"), Some("wait=1"), 1_000),
        (Some("wait=3"), Some("wait=3"), 3_000),
        (Some("wait=2, wait=0"), Some("wait=2"), 2_000),
        (Some("respond-async"), Some("respond-async"), 0),
        (Some("RESPOND-ASYNC"), Some("respond-async"), 0),
        (Some("respond-async, wait=1"), Some("respond-async, wait=1"), 1_000),
        (Some("wait=1,respond-async"), Some("respond-async, wait=1"), 1_000),
        // Malformed or unknown: ignored.
        (Some("wait=soon"), None, 1_500),
        (Some("wait=-1"), None, 1_500),
        (Some("return=minimal; x=y"), None, 1_500),
    ];
    // All at once: each waits for itself.
    concurrently(cases.len(), cases.len(), move |index| {
        let (client, (prefer, applied, milliseconds)) = (client.clone(), cases[index]);
        async move { ensure_waits(&client, prefer, applied, milliseconds).await }
    })
    .await?;
    stack.done().await
}

/// A submission that prefers this is told that this was applied, and waits for so long.
async fn ensure_waits(
    client: &Client,
    prefer: Option<&str>,
    applied: Option<&str>,
    milliseconds: u64,
) -> Result<()> {
    let body = json!({"email": "ada@example.com"});
    let begun = Instant::now();
    let answer = match prefer {
        Some(prefer) => client.post_preferring(prefer, "/users", &fresh_key(), &body).await?,
        None => client.post("/users", &fresh_key(), &body).await?,
    };
    let took = begun.elapsed();
    answer.json(202)?;
    let mut seen: Vec<String> = answer
        .headers
        .get_all("preference-applied")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|value| value.trim().to_owned())
        .collect();
    seen.sort();
    ensure!(seen.join(", ") == applied.unwrap_or_default(), "{prefer:?} applied {seen:?}");
    let wanted = Duration::from_millis(milliseconds);
    // Some grace for a busy machine, but less than the default wait.
    let longest = wanted + Duration::from_millis(1_400);
    ensure!(took >= wanted && took < longest, "{prefer:?} took {took:?}");
    Ok(())
}

#[tokio::test]
async fn a_wait_ends_with_the_job_and_is_never_longer_than_thirty_seconds() -> Result<()> {
    let stack = Stack::builder().api("RESPONSE_WAIT_MS", 0).start().await?;
    let client = stack.client()?;
    for (prefer, applied) in [("wait=20", "wait=20"), ("wait=3600", "wait=30")] {
        let body = json!({"email": format!("{prefer}@example.com")});
        let begun = Instant::now();
        let answer = client.post_preferring(prefer, "/users", &fresh_key(), &body).await?;
        answer.json(201)?;
        assert_eq!(answer.header("preference-applied"), Some(applied));
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(answer.header("location"), None);
    }
    stack.done().await
}

#[tokio::test]
async fn what_is_done_is_answered_whatever_is_preferred() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let first = client.post("/users", "k", &body).await?;
    first.json(201)?;
    for prefer in ["respond-async", "wait=0", "respond-async, wait=3"] {
        let replay = client.post_preferring(prefer, "/users", "k", &body).await?;
        replay.ensure_replay_of(&first)?;
    }
    stack.done().await
}

#[tokio::test]
async fn beyond_so_many_requests_that_wait_nobody_waits() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("WAITERS_MAX", 1).start().await?;
    let client = stack.client()?;
    let idle = stack.key_count().await?;
    let body = json!({"email": "ada@example.com"});
    let waiting = tokio::spawn({
        let (client, body) = (client.clone(), body.clone());
        async move { client.post("/users", "k", &body).await }
    });
    stack.wait_for_more_keys_than(idle).await?;
    // For the same job or for another one, by a submission or a poll.
    let polled = client.submit("/users", "k", &body).await?;
    for key in ["k", "k2", "k3"] {
        let begun = Instant::now();
        client.post("/users", key, &body).await?.json(202)?;
        client.get(&format!("/jobs/{polled}?wait=30")).await?.json(200)?;
        ensure!(begun.elapsed() < Duration::from_secs(5), "{key} waits");
    }
    stack.start_worker().await?;
    waiting.await??.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn a_client_that_takes_all_its_places_leaves_those_of_others() -> Result<()> {
    let mut stack = Stack::builder()
        .workers(0)
        .api("API_AUTH", "required")
        .api("WAITERS_MAX", 4)
        .start()
        .await?;
    let client = stack.client()?;
    let greedy = client.with_api_key(&stack.create_key("greedy", "write").await?);
    let modest = client.with_api_key(&stack.create_key("modest", "write").await?);
    let (idle, body) = (stack.key_count().await?, json!({"email": "ada@example.com"}));
    let waiting = |client: &Client, key: &'static str| {
        let (client, body) = (client.clone(), body.clone());
        tokio::spawn(async move { client.post("/users", key, &body).await })
    };
    let first = waiting(&greedy, "k");
    stack.wait_for_more_keys_than(idle).await?;
    let begun = Instant::now();
    for key in ["k", "k2"] {
        greedy.post("/users", key, &body).await?.json(202)?;
    }
    ensure!(begun.elapsed() < Duration::from_secs(5), "it has a quarter of 4 places");

    let queued = stack.key_count().await?;
    let other = waiting(&modest, "k");
    stack.wait_for_more_keys_than(queued).await?;
    stack.start_worker().await?;
    first.await??.json(201)?;
    other.await??.json(201)?;
    stack.done().await
}
