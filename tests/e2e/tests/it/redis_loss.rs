//! Redis forgets everything; no guarantee goes with it.

use std::time::Duration;

use anyhow::Result;
use e2e::{Stack, WithDatabase, concurrently};
use serde_json::{Value, json};

#[tokio::test]
async fn a_retry_after_the_loss_gets_the_same_bytes() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(2).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let ada = client.create_user("ada@example.com").await?;
    let bob = client.create_user("bob@example.com").await?;
    let subscription = client.subscribe(ada, 1).await?["id"].clone();
    let gift = client.give(ada, "bob@example.com", 2).await?["id"].clone();
    let commands: [(&str, Value, u16); 8] = [
        ("/users", json!({"email": "new@example.com"}), 201),
        ("/renew", json!({"subscription_id": subscription, "duration_months": 1}), 200),
        ("/cancel", json!({"subscription_id": subscription}), 200),
        ("/subscribe", json!({"user_id": ada, "plan": "yearly"}), 201),
        ("/gift", json!({"gifter_id": ada, "recipient_email": "x@example.com"}), 201),
        ("/gift/redeem", json!({"gift_id": gift, "user_id": bob}), 200),
        ("/subscribe", json!({"user_id": bob, "plan": "monthly"}), 409),
        ("/gift/redeem", json!({"gift_id": 4_711, "user_id": bob}), 404),
    ];
    let mut firsts = Vec::new();
    for (index, (path, body, status)) in commands.iter().enumerate() {
        let first = client.post(path, &format!("k{index}"), body).await?;
        assert_eq!(first.status, *status, "{first}");
        firsts.push(first);
    }
    let rows = stack.count("SELECT count(*) FROM transactions").await?;

    for round in 0..2 {
        stack.redis().flush_all().await?;
        for (index, ((path, body, _), first)) in commands.iter().zip(&firsts).enumerate() {
            let key = format!("k{index}");
            client.post(path, &key, body).await?.ensure_replay_of(first)?;
            // Redis knows it again.
            other.post(path, &key, body).await?.ensure_replay_of(first)?;
        }
        let now = stack.count("SELECT count(*) FROM transactions").await?;
        assert_eq!(now, rows, "round {round}");
    }
    stack.done().await
}

#[tokio::test]
async fn another_body_after_the_loss_is_refused_and_the_right_one_still_replayed() -> Result<()> {
    let mut stack = Stack::builder().apis(2).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let body = json!({"email": "ada@example.com"});
    let first = client.post("/users", "k", &body).await?;
    first.json(201)?;

    stack.redis().flush_all().await?;
    let wrong = json!({"email": "eve@example.com"});
    for client in [&client, &other, &client] {
        let answer = client.post("/users", "k", &wrong).await?;
        answer.problem(422, "idempotency_key_reused")?;
    }
    for client in [&client, &other] {
        client.post("/users", "k", &body).await?.ensure_replay_of(&first)?;
        let answer = client.post("/users", "k", &wrong).await?;
        answer.problem(422, "idempotency_key_reused")?;
    }
    // On another path, and with the wrong one first.
    stack.redis().flush_all().await?;
    let gift = json!({"gifter_id": 1, "recipient_email": "ada@example.com"});
    let answer = client.post("/gift", "k", &gift).await?;
    answer.problem(422, "idempotency_key_reused")?;
    other.post("/users", "k", &body).await?.ensure_replay_of(&first)?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 1);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn right_and_wrong_retries_at_once_after_the_loss_get_their_own_answers() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(2).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let body = json!({"email": "ada@example.com"});
    let first = clients[0].post("/users", "k", &body).await?;
    first.json(201)?;

    for _ in 0..5 {
        stack.redis().flush_all().await?;
        let lanes = clients.clone();
        let answers = concurrently(40, 40, move |index| {
            let client = lanes[index % 2].clone();
            let email = if index % 4 < 2 { "ada@example.com" } else { "eve@example.com" };
            async move { client.post("/users", "k", &json!({"email": email})).await }
        })
        .await?;
        // Whoever came first bound the key in Redis for a moment; but the ledger knows better.
        for (index, answer) in answers.iter().enumerate() {
            if index % 4 < 2 {
                answer.ensure_replay_of(&first)?;
            } else {
                answer.problem(422, "idempotency_key_reused")?;
            }
        }
        clients[0].post("/users", "k", &body).await?.ensure_replay_of(&first)?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 1);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_finished_job_survives_the_loss() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let mut before = Vec::new();
    for (key, body) in
        [("yes", json!({"email": "ada@example.com"})), ("no", json!({"email": "ADA@example.com"}))]
    {
        let id = client.submit("/users", key, &body).await?;
        before.push(client.finished_job(&id, Duration::from_secs(30)).await?);
    }
    assert_eq!(
        (&before[0]["status"], &before[1]["status"]),
        (&json!("succeeded"), &json!("failed"))
    );
    stack.redis().flush_all().await?;
    for job in &before {
        let after = client.job(job["id"].as_str().unwrap_or_default()).await?;
        assert_eq!(&after, job);
    }
    stack.done().await
}

#[tokio::test]
async fn a_job_lost_before_a_worker_took_it_is_shown_as_promised_and_may_be_repeated() -> Result<()>
{
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let id = client.submit("/users", "k", &body).await?;
    stack.redis().flush_all().await?;
    assert_eq!(client.job(&id).await?["status"], "queued");

    let again = client.post_preferring("respond-async", "/users", "k", &body).await?;
    assert_eq!(again.json(202)?["id"], id);
    assert!(!again.replayed(), "it was enqueued anew");
    stack.start_worker().await?;
    client.post("/users", "k", &body).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn workers_go_on_after_the_loss() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(2).start().await?;
    let client = stack.client()?;
    for index in 0..10 {
        stack.redis().flush_all().await?;
        client.create_user(&format!("user{index}@example.com")).await?;
    }
    stack.done().await
}
