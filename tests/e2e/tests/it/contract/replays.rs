//! The same key again: the first answer, or a refusal to mix two requests up.

use anyhow::Result;
use reqwest::Method;

use super::{conversation::Conversation, jobs::location, quiet};

const USER: &str = r#"{"email":"ada@example.com"}"#;
const TAKEN: &str = r#"{"email":"Ada@example.com"}"#;
const OTHER: &str = r#"{"email":"eve@example.com"}"#;

#[tokio::test]
async fn while_redis_remembers() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    talk.post_as("k1", "/users", USER).await?;
    talk.post_as("k1", "/users", USER).await?;
    talk.post_as("k1", "/users?x=1", "{ \"email\":\t\"\\u0061da@example.com\" }\n").await?;
    let request = talk.submission("k1", "/users", USER).header("prefer", "respond-async, wait=3");
    talk.send(request).await?;
    talk.post_as("k1", "/users", OTHER).await?;
    talk.post_as("k1", "/subscribe", r#"{"user_id":1,"plan":"monthly"}"#).await?;
    talk.remark("a refusal");
    talk.post_as("k2", "/users", TAKEN).await?;
    talk.post_as("k2", "/users", TAKEN).await?;
    talk.end(stack, "replays").await
}

#[tokio::test]
async fn when_redis_has_forgotten() -> Result<()> {
    let mut stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let mut jobs = Vec::new();
    for body in [USER, TAKEN] {
        let job = location(&talk.prefer("respond-async", "/users", body).await?)?;
        talk.get(&format!("{job}?wait=30")).await?;
        jobs.push(job);
    }
    talk.remark("Redis has forgotten everything");
    stack.redis().flush_all().await?;
    for job in &jobs {
        talk.get(job).await?;
        talk.send(talk.request(Method::HEAD, job)).await?;
    }
    for (key, body) in [("k1", OTHER), ("k1", USER), ("k2", TAKEN), ("k2", TAKEN)] {
        talk.post_as(key, "/users", body).await?;
    }
    talk.remark("Redis knows the jobs again");
    for job in &jobs {
        talk.get(job).await?;
    }
    talk.end(stack, "replays_from_the_command_log").await
}
