//! Accepted jobs that were given up or discarded: workers leave them alone, whatever Redis loses,
//! until a retry of the client or an operator revives them.

use crate::accepted::age;
use crate::stack::Stack;
use anyhow::{Result, ensure};
use e2e::{Client, WithDatabase, eventually_true};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

const MARKED: &str = "SELECT count(*) FROM accepted_jobs WHERE ended_at IS NOT NULL";
const UNMARKED: &str = "SELECT count(*) FROM accepted_jobs WHERE ended_at IS NULL";

const POISON: &str = "
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.email = 'poison@example.com' THEN RAISE EXCEPTION 'no'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER poison BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION poison()";

fn poison() -> Value {
    json!({"email": "poison@example.com"})
}

async fn run(stack: &Stack, statement: &'static str) -> Result<()> {
    sqlx::raw_sql(statement).execute(stack.db()).await?;
    Ok(())
}

/// A stack with a job whose 202 was sent and that was given up.
async fn with_dead_job() -> Result<(Stack, Client, String)> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    run(&stack, POISON).await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &poison()).await?;
    let job = client.finished_job(&id, SOON).await?;
    ensure!(job.get("status") == Some(&json!("dead")), "{job}");
    until(&stack, MARKED, 1).await?;
    Ok((stack, client, id))
}

/// The same, as it is when the worker died as soon as it had given the job up.
async fn with_unmarked_job() -> Result<(Stack, Client, String)> {
    let dead = with_dead_job().await?;
    run(&dead.0, "UPDATE accepted_jobs SET ended_at = NULL").await?;
    Ok(dead)
}

async fn until(stack: &Stack, query: &'static str, count: i64) -> Result<()> {
    eventually_true(query, SOON, async || Ok(stack.count(query).await? == count)).await
}

/// Loses all of Redis, and waits until another accepted job was admitted again and is done.
async fn lose_and_heal(stack: &mut Stack, client: &Client) -> Result<()> {
    stack.worker(0)?.stop().await?;
    let body = json!({"gifter_id": 9, "recipient_email": "b@example.com"});
    let other = client.submit("/gift", "g", &body).await?;
    stack.lose_queue().await?;
    age(stack).await?;
    stack.start_worker().await?;
    client.finished_job(&other, SOON).await?;
    Ok(())
}

#[tokio::test]
async fn a_dead_job_stays_dead_through_a_loss_and_its_key_revives_it() -> Result<()> {
    let (mut stack, client, id) = with_unmarked_job().await?;
    age(&stack).await?;
    until(&stack, MARKED, 1).await?;
    lose_and_heal(&mut stack, &client).await?;
    let job = client.job(&id).await?;
    assert_eq!((&job["status"], &job["operation"]), (&json!("dead"), &json!("create_user")));
    assert_eq!(job["error"]["code"], "processing_failed");
    assert_eq!(stack.count(MARKED).await?, 1);

    run(&stack, "DROP TRIGGER poison ON users").await?;
    assert_eq!(client.submit("/users", "k", &poison()).await?, id);
    assert_eq!(client.finished_job(&id, SOON).await?["status"], "succeeded");
    assert_eq!(stack.count(MARKED).await?, 0);
    stack.done().await
}

/// The worker that gave it up has ended its promise, too.
#[tokio::test]
async fn who_sends_a_dead_job_anew_at_once_is_not_told_that_it_was_done_before() -> Result<()> {
    let (stack, client, id) = with_dead_job().await?;
    run(&stack, "DROP TRIGGER poison ON users").await?;
    let before = client.job(&id).await?["submitted_at"].clone();
    let answer = client.post("/users", "k", &poison()).await?;
    assert_eq!((answer.status, answer.replayed()), (201, false));
    let job = client.job(&id).await?;
    assert_eq!(job["status"], "succeeded");
    assert_ne!(job["submitted_at"], before, "it was submitted anew");
    stack.done().await
}

#[tokio::test]
async fn a_retry_of_the_client_is_promised_again() -> Result<()> {
    let (mut stack, client, id) = with_unmarked_job().await?;
    age(&stack).await?;
    until(&stack, MARKED, 1).await?;
    stack.worker(0)?.stop().await?;
    run(&stack, "DROP TRIGGER poison ON users").await?;
    assert_eq!(client.submit("/users", "k", &poison()).await?, id);
    assert_eq!((stack.count(MARKED).await?, stack.count(UNMARKED).await?), (0, 1));
    stack.lose_queue().await?;
    age(&stack).await?;
    stack.start_worker().await?;
    assert_eq!(client.finished_job(&id, SOON).await?["status"], "succeeded");
    stack.done().await
}

#[tokio::test]
async fn a_job_that_is_requeued_is_promised_again() -> Result<()> {
    let (mut stack, client, id) = with_unmarked_job().await?;
    age(&stack).await?;
    until(&stack, MARKED, 1).await?;
    stack.worker(0)?.stop().await?;
    run(&stack, "DROP TRIGGER poison ON users").await?;
    stack.jobs("requeue", &id).await?;
    assert_eq!((stack.count(MARKED).await?, stack.count(UNMARKED).await?), (0, 1));
    stack.lose_queue().await?;
    age(&stack).await?;
    stack.start_worker().await?;
    assert_eq!(client.finished_job(&id, SOON).await?["status"], "succeeded");
    assert!(stack.jobs("requeue", &id).await.is_err());
    stack.done().await
}

#[tokio::test]
async fn a_discarded_job_is_never_done_by_itself() -> Result<()> {
    let (mut stack, client, id) = with_unmarked_job().await?;
    run(&stack, "DROP TRIGGER poison ON users").await?;
    // Before a worker has looked at it.
    stack.jobs("discard", &id).await?;
    assert_eq!(stack.count(MARKED).await?, 1);
    lose_and_heal(&mut stack, &client).await?;
    assert_eq!(client.job(&id).await?["status"], "dead");
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 0);
    // Its key is free for another request, as it is when Redis has forgotten it.
    let other = client.post("/users", "k", &json!({"email": "ada@example.com"})).await?;
    other.json(201)?;
    assert_eq!(stack.count(MARKED).await?, 0);
    stack.done().await
}

#[tokio::test]
async fn a_job_that_is_not_dead_cannot_be_discarded_and_stays_promised() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &poison()).await?;
    assert!(stack.jobs("discard", &id).await.is_err());
    assert_eq!((stack.count(MARKED).await?, stack.count(UNMARKED).await?), (0, 1));
    stack.done().await
}
