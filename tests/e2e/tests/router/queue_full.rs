//! Back pressure.

use crate::stack::Stack;
use anyhow::Result;
use serde_json::json;

#[tokio::test]
async fn a_full_queue_refuses_new_jobs_and_still_knows_the_old_ones() -> Result<()> {
    let mut stack = Stack::builder()
        .workers(0)
        .api("QUEUE_DEPTH_MAX", 5)
        .api("RATE_LIMIT_REQUESTS", 100)
        .api("RATE_LIMIT_WINDOW_SECONDS", 86_400)
        .start()
        .await?;
    let client = stack.client()?;
    let body = |index: usize| json!({"email": format!("user{index}@example.com")});
    for index in 0..5 {
        client.submit("/users", &format!("k{index}"), &body(index)).await?;
    }
    let keys = stack.key_count().await?;
    for _ in 0..3 {
        let answer = client.post("/users", "k5", &body(5)).await?;
        answer.problem(503, "queue_full")?;
        assert!(answer.number("retry-after")? >= 1);
        // The token was not taken.
        assert_eq!(answer.number("ratelimit-remaining")?, 95);
    }
    assert_eq!(stack.key_count().await?, keys, "nothing was recorded");

    let joined = client.post_preferring("respond-async", "/users", "k0", &body(0)).await?;
    joined.json(202)?;
    assert!(joined.replayed());
    client.post("/users", "k0", &body(9)).await?.problem(422, "idempotency_key_reused")?;

    stack.start_worker().await?;
    for index in 0..5 {
        client.post("/users", &format!("k{index}"), &body(index)).await?.json(201)?;
    }
    let late = client.post("/users", "k5", &body(5)).await?;
    late.json(201)?;
    assert!(!late.replayed());
    stack.done().await
}
