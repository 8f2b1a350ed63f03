//! How long a submission waits, and what it is told when the wait is over.

use anyhow::Result;

use super::{conversation::Conversation, quiet};

#[tokio::test]
async fn while_no_worker_runs() -> Result<()> {
    let stack = quiet().workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let user = r#"{"email":"ada@example.com"}"#;
    talk.post("/users", user).await?;
    for prefer in [
        "respond-async",
        "wait=1",
        "respond-async, wait=0",
        "wait=0; x=1, wait=5, respond-async",
        "wait=soon, handling=strict",
    ] {
        talk.prefer(prefer, "/users", user).await?;
    }
    for (path, body) in [
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/renew", r#"{"subscription_id":1}"#),
        ("/cancel", r#"{"subscription_id":1}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift/redeem", r#"{"gift_id":1,"user_id":1}"#),
    ] {
        talk.post(path, body).await?;
    }
    talk.remark("the first again, and another under its key");
    talk.post_as("k1", "/users", user).await?;
    talk.post_as("k1", "/users", r#"{"email":"eve@example.com"}"#).await?;
    talk.end(stack, "waiting_without_a_worker").await
}

#[tokio::test]
async fn while_a_worker_runs() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    talk.prefer("wait=20", "/users", r#"{"email":"ada@example.com"}"#).await?;
    talk.prefer("wait=3600", "/users", r#"{"email":"ADA@example.com"}"#).await?;
    talk.prefer("respond-async", "/users", r#"{"email":"bob@example.com"}"#).await?;
    talk.end(stack, "waiting_with_a_worker").await
}
