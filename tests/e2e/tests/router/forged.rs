//! Tasks that somebody writes into Redis by hand: none of them changes a row or gets into the
//! command log.

use crate::stack::Stack;
use anyhow::{Context, Result};
use domain::{ClientId, Command, Fingerprint, IdempotencyKey, Instant, JobKey};
use e2e::{WithDatabase, integer_of};
use queue::QueuedJob;
use serde_json::json;
use support::commands::{cancel, create_user};

/// A job of that client, as anybody can make it up.
fn job_of(client: ClientId, key: &str, command: Command) -> Result<QueuedJob> {
    let fingerprint = Fingerprint::of_request("POST", "/cancel", b"{}");
    let key = IdempotencyKey::parse(key.as_bytes())?;
    Ok(QueuedJob::new(client, key, fingerprint, Instant::UNIX_EPOCH, command))
}

pub(crate) fn job(key: &str, command: Command) -> Result<QueuedJob> {
    job_of(ClientId::LOCAL, key, command)
}

fn replaced(payload: Vec<u8>, from: &str, to: &str) -> Result<Vec<u8>> {
    let payload = String::from_utf8(payload)?;
    let changed = payload.replacen(from, to, 1);
    anyhow::ensure!(changed != payload, "no {from} in {payload}");
    Ok(changed.into_bytes())
}

/// Lets the time in which unsigned jobs are trusted be over, for workers that start from now on.
async fn end_the_first_day(stack: &Stack) -> Result<()> {
    let earlier = "UPDATE job_keys SET created_at = created_at - interval '25 hours'";
    sqlx::query(earlier).execute(stack.db()).await?;
    Ok(())
}

#[tokio::test]
async fn a_forged_task_changes_no_row_and_gets_into_no_log() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    end_the_first_day(&stack).await?;
    let leaked = "INSERT INTO job_keys (kid, secret, compromised_at) \
                  VALUES ('leaked00', decode(repeat('07', 32), 'hex'), now())";
    sqlx::query(leaked).execute(stack.db()).await?;
    stack.start_worker().await?;
    let client = stack.client()?;
    let user = client.create_user("victim@example.com").await?;
    let victim = integer_of(&client.subscribe(user, 1).await?, "id")?;

    let ours = stack.job_key().await?;
    let guess = |kid: &str, secret| {
        JobKey::new(kid.to_owned(), secret, Instant::UNIX_EPOCH, false).context("a key")
    };
    let forged = |key| job(key, cancel(victim));
    let another = job_of(ClientId::new(100), "3", cancel(victim))?;
    let id_of_3 = forged("3")?.id();
    let tasks = [
        (forged("1")?.id(), forged("1")?.encode()),
        (forged("2")?.id(), forged("2")?.sign(&guess(ours.kid(), b"a guess")?)),
        (id_of_3, replaced(another.sign(&ours), r#""client":100"#, r#""client":2"#)?),
        (
            forged("4")?.id(),
            replaced(
                job("4", cancel(victim + 1))?.sign(&ours),
                &format!(r#""subscription_id":{}"#, victim + 1),
                &format!(r#""subscription_id":{victim}"#),
            )?,
        ),
        (forged("5")?.id(), forged("6")?.sign(&ours)),
        (forged("7")?.id(), forged("7")?.sign(&guess("unknown0", b"a guess")?)),
        (forged("8")?.id(), forged("8")?.sign(&guess("leaked00", &[7; 32])?)),
        (forged("9")?.id(), replaced(forged("9")?.sign(&ours), r#","mac""#, r#","mac2""#)?),
    ];
    let log = "SELECT count(*) FROM transactions";
    let before = stack.count(log).await?;
    for (task, payload) in &tasks {
        stack.plant(&task.to_string(), payload).await?;
    }
    for (task, payload) in &tasks {
        let is_dead = stack.until_left(&task.to_string()).await?;
        assert!(is_dead, "{}", String::from_utf8_lossy(payload));
    }
    assert_eq!(stack.count(log).await?, before);
    let active = "SELECT count(*) FROM subscriptions WHERE status = 'active'";
    assert_eq!(stack.count(active).await?, 1);

    // The client itself may, also with a key that was forged for: its retry is admitted signed.
    let body = json!({"subscription_id": victim});
    client.post("/cancel", "1", &body).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn what_the_release_before_admitted_is_done_for_a_day() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let young = "UPDATE job_keys SET created_at = now() - interval '1 hour'";
    sqlx::query(young).execute(stack.db()).await?;
    stack.start_worker().await?;
    let unsigned = job("k", create_user("ada@example.com"))?;
    stack.plant(&unsigned.id().to_string(), &unsigned.encode()).await?;
    assert!(!stack.until_left(&unsigned.id().to_string()).await?);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_job_that_was_decided_before_has_its_answer_whatever_its_task_is_worth() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    end_the_first_day(&stack).await?;
    stack.start_worker().await?;
    let client = stack.client()?;
    client.post("/users", "k", &json!({"email": "ada@example.com"})).await?.json(201)?;
    // A worker died between the commit and the answer, and its task is from before signatures.
    let unsigned = job("k", create_user("ada@example.com"))?;
    stack.lose_record(&unsigned.id().to_string()).await?;
    stack.plant(&unsigned.id().to_string(), &unsigned.encode()).await?;
    assert!(!stack.until_left(&unsigned.id().to_string()).await?, "nothing untrue is said");
    assert_eq!(client.job(&unsigned.id().to_string()).await?["status"], "succeeded");
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_key_that_a_worker_has_not_read_is_looked_up() -> Result<()> {
    let stack = Stack::start().await?;
    let new =
        "INSERT INTO job_keys (kid, secret) VALUES ('new00000', decode(repeat('07', 32), 'hex'))";
    sqlx::query(new).execute(stack.db()).await?;
    let key = JobKey::new("new00000".to_owned(), &[7; 32], Instant::UNIX_EPOCH, false);
    let key = key.context("a key")?;
    for name in ["ada", "bea", "cem"] {
        let signed = job(name, create_user(&format!("{name}@example.com")))?;
        stack.plant(&signed.id().to_string(), &signed.sign(&key)).await?;
        assert!(!stack.until_left(&signed.id().to_string()).await?);
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 3);
    stack.done().await
}
