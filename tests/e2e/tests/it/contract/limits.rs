//! Too many submissions, and a queue that is full.

use anyhow::Result;
use e2e::Stack;

use super::{conversation::Conversation, quiet};

/// Stops the clock of the bucket: it was last looked at in a time to come, so nothing flows into
/// it. Otherwise the seconds until the next token would depend on the speed of the machine. Call it
/// after every submission.
pub(super) async fn hold(stack: &mut Stack) -> Result<()> {
    let mut redis = stack.redis().connect().await?;
    let mut command = redis::cmd("HSET");
    command.arg(&["commerce:bucket:local", "at", "9000000000000000"]);
    Ok(command.exec_async(&mut redis).await?)
}

#[tokio::test]
async fn too_many_requests() -> Result<()> {
    let mut stack = quiet()
        .api("RATE_LIMIT_REQUESTS", 2)
        .api("RATE_LIMIT_WINDOW_SECONDS", 86_400)
        .start()
        .await?;
    let mut talk = Conversation::with(stack.client()?);
    let ada = r#"{"email":"ada@example.com"}"#;
    for (key, body) in [
        ("k1", ada),
        ("k1", ada),
        ("k1", r#"{"email":"eve@example.com"}"#),
        ("k2", "{}"),
        ("k2", r#"{"email":"ADA@example.com"}"#),
        ("k3", ada),
        ("k2", r#"{"email":"ADA@example.com"}"#),
    ] {
        talk.post_as(key, "/users", body).await?;
        hold(&mut stack).await?;
    }
    talk.get("/users/1").await?;
    talk.remark("the bucket is full again");
    let mut redis = stack.redis().connect().await?;
    redis::cmd("DEL").arg("commerce:bucket:local").exec_async(&mut redis).await?;
    talk.post_as("k1", "/users", ada).await?;
    talk.end(stack, "limits_too_many_requests").await
}

#[tokio::test]
async fn a_full_queue() -> Result<()> {
    let mut stack = quiet()
        .workers(0)
        .api("QUEUE_DEPTH_MAX", 1)
        .api("RESPONSE_WAIT_MS", 0)
        .api("RATE_LIMIT_REQUESTS", 100)
        .api("RATE_LIMIT_WINDOW_SECONDS", 86_400)
        .start()
        .await?;
    let mut talk = Conversation::with(stack.client()?);
    let ada = r#"{"email":"ada@example.com"}"#;
    for key in ["k1", "k2", "k1"] {
        talk.post_as(key, "/users", ada).await?;
        hold(&mut stack).await?;
    }
    talk.end(stack, "limits_full_queue").await
}
