//! A Redis that was started again has lost that a task was done, and says that a worker holds it
//! which lives on.

use crate::stack::Stack;
use anyhow::Result;
use domain::{ClientId, Fingerprint, IdempotencyKey, Instant};
use e2e::WithDatabase;
use queue::QueuedJob;
use support::commands::create_user;

#[tokio::test]
async fn what_a_living_worker_does_not_have_in_hand_is_given_back_and_done() -> Result<()> {
    let stack = Stack::start().await?;
    stack.client()?.create_user("first@example.com").await?;
    let job = QueuedJob::new(
        ClientId::LOCAL,
        IdempotencyKey::parse(b"k")?,
        Fingerprint::of_request("POST", "/users", b"{}"),
        Instant::UNIX_EPOCH,
        create_user("second@example.com"),
    );
    let payload = job.sign(&stack.job_key().await?);
    stack.restart_with_held(&job.id().to_string(), &payload).await?;
    let is_dead = stack.until_left(&job.id().to_string()).await?;
    assert!(!is_dead);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 2);
    stack.done().await
}
