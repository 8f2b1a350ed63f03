//! Jobs: what a 202 shows, and GET /jobs/{id}.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{fresh_key, text_of};
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_job_is_shown_from_queued_to_succeeded() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 100).start().await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let queued = client.post("/users", "k", &body).await?;
    let id = text_of(&queued.json(202)?, "id")?.to_owned();
    let path = format!("/jobs/{id}");
    let polled = client.get(&path).await?;

    stack.start_worker().await?;
    client.finished_job(&id, SOON).await?;
    let finished = client.get(&path).await?;
    // The result is what the submission would have answered.
    let replay = client.post("/users", "k", &body).await?;
    ensure_kept("job_succeeded", &[&queued, &polled, &finished, &replay]);
    stack.done().await
}

#[tokio::test]
async fn a_refused_job_has_failed_and_holds_the_problem() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let body = json!({"user_id": 4_711, "plan": "monthly"});
    let id = client.submit("/subscribe", "k", &body).await?;
    client.finished_job(&id, SOON).await?;
    let failed = client.get(&format!("/jobs/{id}")).await?;
    let refused = client.post("/subscribe", "k", &body).await?;
    refused.refusal(404, "user_not_found")?;
    ensure_kept("job_failed", &[&failed, &refused]);
    stack.done().await
}

#[tokio::test]
async fn the_operation_of_a_job_is_the_command_of_its_path() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for (path, body, operation) in [
        ("/users", json!({"email": "ada@example.com"}), "create_user"),
        ("/subscribe", json!({"user_id": 1, "plan": "monthly"}), "subscribe"),
        ("/renew", json!({"subscription_id": 1}), "renew"),
        ("/cancel", json!({"subscription_id": 1}), "cancel"),
        ("/gift", json!({"gifter_id": 1, "recipient_email": "b@example.com"}), "gift"),
        ("/gift/redeem", json!({"gift_id": 1, "user_id": 1}), "redeem"),
    ] {
        let id = client.submit(path, &fresh_key(), &body).await?;
        assert_eq!(client.job(&id).await?["operation"], operation);
    }
    stack.done().await
}

#[tokio::test]
async fn a_long_poll_ends_with_the_job() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;

    let begun = Instant::now();
    let unfinished = client.get(&format!("/jobs/{id}?wait=1")).await?;
    assert_eq!(unfinished.json(200)?["status"], "queued");
    assert_eq!(unfinished.header("retry-after"), Some("1"));
    assert!((1..5).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());

    let path = format!("/jobs/{id}?wait=30");
    let begun = Instant::now();
    let (started, finished) = tokio::join!(stack.start_worker(), client.get(&path));
    started?;
    assert_eq!(finished?.json(200)?["status"], "succeeded");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());

    // A finished job does not wait.
    let begun = Instant::now();
    client.get(&path).await?.json(200)?;
    assert!(begun.elapsed() < Duration::from_secs(5));
    stack.done().await
}

#[tokio::test]
async fn a_wait_that_cannot_be_is_refused() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    for wait in [
        "31",
        "-1",
        "soon",
        "",
        "1.5",
        "99999999999999999999",
        "%2B1",
        "+1",
        "01",
        "00",
        "1%20",
        "%D9%A1",
        "0x1",
    ] {
        let answer = client.get(&format!("/jobs/{id}?wait={wait}")).await?;
        assert_eq!(answer.invalid_fields()?, ["wait"], "{wait}");
    }
    client.get(&format!("/jobs/{id}?wait=0")).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn a_job_nobody_submitted_is_not_found() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for id in ["00000000-0000-8000-8000-000000000000", "nonsense", "1", "%00"] {
        client.get(&format!("/jobs/{id}")).await?.problem(404, "job_not_found")?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_job_has_one_spelling() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &json!({"email": "ada@example.com"})).await?;
    let upper = id.to_uppercase();
    assert_ne!(upper, id);
    for other in [
        upper,
        id.replace('-', ""),
        id.replacen('-', "", 1),
        format!("%7B{id}%7D"),
        format!("urn:uuid:{id}"),
        format!("{id}%20"),
        format!("+{id}"),
    ] {
        client.get(&format!("/jobs/{other}")).await?.problem(404, "job_not_found")?;
    }
    client.job(&id).await?;
    stack.done().await
}

#[tokio::test]
async fn a_job_has_one_id_on_every_api() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(0).start().await?;
    let (one, two) = (stack.client()?, stack.client_of(1)?);
    let body = json!({"email": "ada@example.com"});
    let id = one.submit("/users", "k", &body).await?;
    assert_eq!(two.submit("/users", "k", &body).await?, id);
    assert_eq!(two.job(&id).await?, one.job(&id).await?);
    assert_ne!(one.submit("/users", "k2", &body).await?, id);
    stack.done().await
}
