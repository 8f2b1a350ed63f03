//! Paths and methods, known and unknown, and the id of a request.

use anyhow::Result;
use reqwest::Method;

use super::{conversation::Conversation, quiet};

#[tokio::test]
async fn what_is_not_served() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    for path in ["/", "/nope?x=1", "/users/", "/users/1/pets"] {
        talk.get(path).await?;
    }
    talk.get(&format!("/{}", "n".repeat(120))).await?;
    talk.post("/nope", "{}").await?;
    for path in [
        "/users",
        "/subscribe",
        "/renew",
        "/cancel",
        "/gift",
        "/gift/redeem",
        "/users/1",
        "/subscriptions/1",
        "/gifts/1",
        "/jobs/1",
        "/health",
        "/metrics",
    ] {
        talk.send(talk.request(Method::PUT, path)).await?;
    }
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        talk.send(talk.request(method, "/users")).await?;
    }
    talk.end(stack, "routes_not_served").await
}

#[tokio::test]
async fn health_and_request_ids() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    talk.get("/health").await?;
    talk.send(talk.request(Method::HEAD, "/health")).await?;
    for id in ["mine-1", "not plain", &"i".repeat(129)] {
        talk.send(talk.request(Method::GET, "/health").header("x-request-id", id)).await?;
    }
    talk.end(stack, "health").await
}
