//! Redis knows less of a job than it did, as when a replica was promoted that lagged. What a client
//! was told before still holds.

use crate::stack::Stack;
use anyhow::Result;
use e2e::WithDatabase;
use serde_json::json;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_job_that_was_decided_is_never_called_queued_again() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let id = client.submit("/users", "k", &body).await?;
    let known = stack.known(&id).await?;
    stack.start_worker().await?;
    let decided = client.finished_job(&id, SOON).await?;
    assert_eq!(decided["status"], "succeeded");
    stack.worker(0)?.stop().await?;

    stack.go_back(&id, &known).await?;
    assert_eq!(client.job(&id).await?, decided);
    let waited = client.get(&format!("/jobs/{id}?wait=10")).await?.json(200)?;
    assert_eq!(waited, decided);
    // Nobody works, so a retry that waits in vain, or does not wait, asks the command log too.
    for _ in 0..2 {
        let answer = client.post("/users", "k", &body).await?;
        assert_eq!((answer.json(201)?, answer.replayed()), (decided["result"].clone(), true));
    }
    let answer = client.post_preferring("respond-async", "/users", "k", &body).await?;
    assert_eq!((answer.json(201)?, answer.replayed()), (decided["result"].clone(), true));
    let other = client.post("/users", "k", &json!({"email": "bob@example.com"})).await?;
    other.problem(422, "idempotency_key_reused")?;

    // Who takes it up again finds that it is decided.
    stack.start_worker().await?;
    stack.until_left(&id).await?;
    assert_eq!(client.job(&id).await?, decided);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}
