//! A job from its beginning to its end.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Answer, WithDatabase, eventually};
use reqwest::Method;

use super::{conversation::Conversation, quiet, redis_keys::write_keys};

const SOON: Duration = Duration::from_secs(30);
const USER: &str = r#"{"email":"ada@example.com"}"#;

/// Where the job of a submission is: its answer says so, or its refusal.
pub(super) fn location(answer: &Answer) -> Result<String> {
    let problem = serde_json::from_slice::<serde_json::Value>(&answer.body)?;
    let instance = problem.get("instance").and_then(serde_json::Value::as_str);
    let path = answer.header("location").or(instance);
    Ok(path.with_context(|| format!("no job in {answer}"))?.to_owned())
}

#[tokio::test]
async fn queued() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let job = location(&talk.prefer("respond-async", "/users", USER).await?)?;
    for query in ["", "?wait=0", "?wait=1", "?wait=31", "?wait=-1", "?wait=", "?wait=1&wait=1"] {
        talk.get(&format!("{job}{query}")).await?;
    }
    talk.send(talk.request(Method::HEAD, &job)).await?;
    talk.remark("no such jobs");
    for path in ["/jobs/00000000-0000-8000-8000-000000000000", "/jobs/1", "/jobs/1?wait=x"] {
        talk.get(path).await?;
    }
    talk.end(stack, "jobs_queued").await
}

#[tokio::test]
async fn running_succeeded_and_failed() -> Result<()> {
    let mut stack = quiet().workers(0).start().await?;
    let client = stack.client()?;
    let mut talk = Conversation::with(client.clone());
    let job = location(&talk.prefer("respond-async", "/users", USER).await?)?;

    // A worker that waits for a lock has begun the job and cannot end it.
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    stack.start_worker().await?;
    let running = eventually("the job is begun", SOON, async || {
        let answer = client.get(&job).await?;
        Ok((answer.json(200)?["status"] == "running").then_some(answer))
    })
    .await?;
    talk.heard(&format!("> GET {job}\n"), &running);
    write_keys(&mut talk, &mut stack).await?;
    talk.send(talk.submission("k1", "/users", USER).header("prefer", "wait=0")).await?;

    talk.remark("the lock is released while somebody joins");
    let join = talk.submission("k1", "/users", USER).header("prefer", "wait=30");
    let (joined, released) = tokio::join!(talk.send(join), lock.rollback());
    joined?;
    released?;
    talk.get(&job).await?;
    talk.get(&format!("{job}?wait=30")).await?;
    talk.send(talk.request(Method::HEAD, &job)).await?;

    talk.remark("a refusal");
    let refused = talk.post("/users", r#"{"email":"Ada@example.com"}"#).await?;
    talk.get(&location(&refused)?).await?;
    talk.end(stack, "jobs_running_succeeded_and_failed").await
}
