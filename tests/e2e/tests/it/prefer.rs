//! How long a submission waits for its job.

use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::{JOB_FIELDS, Stack, ensure_fields, eventually_true, fresh_key};
use serde_json::json;

#[tokio::test]
async fn respond_async_answers_at_once_with_the_job() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for email in ["ada@example.com", "bob@example.com"] {
        let body = json!({"email": email});
        let answer = client.post_preferring("respond-async", "/users", &fresh_key(), &body).await?;
        let job = answer.json(202)?;
        ensure_fields(&job, JOB_FIELDS)?;
        assert_eq!(answer.header("preference-applied"), Some("respond-async"));
        let path = format!("/jobs/{}", job["id"].as_str().unwrap_or_default());
        assert_eq!(answer.header("location"), Some(path.as_str()));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
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
    for (prefer, applied, milliseconds) in cases {
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
        assert_eq!(seen.join(", "), applied.unwrap_or_default(), "{prefer:?}");
        let wanted = Duration::from_millis(milliseconds);
        // Some grace for a busy machine, but less than the default wait.
        assert!(
            took >= wanted && took < wanted + Duration::from_millis(1_400),
            "{prefer:?} {took:?}"
        );
    }
    stack.done().await
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
async fn beyond_so_many_waiters_nobody_waits() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("WAITERS_MAX", 1).start().await?;
    let client = stack.client()?;
    let idle = stack.redis().key_count().await?;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.post("/users", "k", &json!({"email": "ada@example.com"})).await }
    });
    stack.redis().wait_for_more_keys_than(idle).await?;
    let body = json!({"email": "bob@example.com"});
    eventually_true("the second does not wait", Duration::from_secs(10), async || {
        let begun = Instant::now();
        client.post("/users", &fresh_key(), &body).await?.json(202)?;
        Ok(begun.elapsed() < Duration::from_secs(1))
    })
    .await?;
    stack.start_worker().await?;
    waiting.await??.json(201)?;
    stack.done().await
}
