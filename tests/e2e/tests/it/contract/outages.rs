//! What is answered while Redis or Postgres is away.

use std::time::Duration;

use anyhow::Result;
use e2e::eventually_true;

use super::{conversation::Conversation, jobs::location, quiet};

const RECOVERY: Duration = Duration::from_secs(30);
const USER: &str = r#"{"email":"ada@example.com"}"#;
const NO_JOB: &str = "/jobs/00000000-0000-8000-8000-000000000000";

#[tokio::test]
async fn without_redis() -> Result<()> {
    let mut stack = quiet().start().await?;
    let (client, worker) = (stack.client()?, stack.worker(0)?.client()?);
    let mut talk = Conversation::with(client.clone());
    talk.prepare("/users", USER).await?;
    let refused = talk.post("/users", USER).await?;

    talk.remark("Redis is stopped");
    stack.redis().stop().await?;
    for (key, path) in [("k1", "/users"), ("k9", "/users")] {
        talk.post_as(key, path, USER).await?;
    }
    for path in ["/users/1", &location(&refused)?, NO_JOB, "/health"] {
        talk.get(path).await?;
    }
    talk.remark("the worker");
    talk.speaker(worker.clone());
    talk.get("/health").await?;
    stack.redis().resume().await?;
    eventually_true("both are healthy", RECOVERY, async || {
        Ok(client.get("/health").await?.status == 200 && worker.get("/health").await?.status == 200)
    })
    .await?;
    talk.end(stack, "outages_redis").await
}

#[tokio::test]
async fn without_postgres() -> Result<()> {
    let stack = quiet().workers(0).postgres_proxy().api("RESPONSE_WAIT_MS", 0).start().await?;
    let client = stack.client()?;
    let mut talk = Conversation::with(client.clone());
    talk.remark("Postgres is cut off");
    stack.proxy()?.cut();
    let queued = talk.post("/users", USER).await?;
    talk.remark("whether it was used for another request only the ledger knows");
    talk.post_as("k1", "/users", r#"{"email":"eve@example.com"}"#).await?;
    let job = location(&queued)?;
    for path in ["/users/1", "/gifts/1", "/subscriptions/1", &job, NO_JOB, "/health"] {
        talk.get(path).await?;
    }
    stack.proxy()?.restore();
    eventually_true("it is healthy", RECOVERY, async || {
        Ok(client.get("/health").await?.status == 200)
    })
    .await?;
    talk.end(stack, "outages_postgres").await
}
