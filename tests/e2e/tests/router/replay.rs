//! The idempotency key: one key, one request, one effect, one answer.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key};
use serde_json::{Value, json};

#[tokio::test]
async fn every_operation_is_replayed_byte_for_byte() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let ada = client.create_user("ada@example.com").await?;
    let bob = client.create_user("bob@example.com").await?;
    let subscription = client.subscribe(ada, 1).await?["id"].clone();
    let gift = client.give(ada, "bob@example.com", 2).await?["id"].clone();

    // Each in turn changes what the next replay would find: replays must not look.
    let commands: [(&str, Value, u16); 6] = [
        ("/users", json!({"email": "new@example.com"}), 201),
        ("/renew", json!({"subscription_id": subscription, "duration_months": 1}), 200),
        ("/cancel", json!({"subscription_id": subscription}), 200),
        ("/subscribe", json!({"user_id": ada, "plan": "yearly"}), 201),
        ("/gift", json!({"gifter_id": ada, "recipient_email": "x@example.com"}), 201),
        ("/gift/redeem", json!({"gift_id": gift, "user_id": bob}), 200),
    ];
    let mut firsts = Vec::new();
    for (path, body, status) in &commands {
        let first = client.post(path, &format!("key:{path}"), body).await?;
        first.json(*status)?;
        assert_eq!(first.header("idempotent-replayed"), None);
        firsts.push(first);
    }
    let rows = stack.count("SELECT count(*) FROM transactions").await?;
    for _ in 0..2 {
        for ((path, body, _), first) in commands.iter().zip(&firsts) {
            let replay = client.post(path, &format!("key:{path}"), body).await?;
            replay.ensure_replay_of(first)?;
        }
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, rows);
    stack.done().await
}

#[tokio::test]
async fn a_refusal_is_replayed_even_when_the_answer_would_be_yes_by_now() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let subscription = client.subscribe(user, 1).await?["id"].clone();
    let wish = json!({"user_id": user, "plan": "monthly"});
    let refused = client.post("/subscribe", "wish", &wish).await?;
    refused.refusal(409, "already_subscribed")?;

    let body = json!({"subscription_id": subscription});
    client.post("/cancel", &fresh_key(), &body).await?.json(200)?;
    client.post("/subscribe", "wish", &wish).await?.ensure_replay_of(&refused)?;
    client.post("/subscribe", "another-wish", &wish).await?.json(201)?;
    client.post("/subscribe", "wish", &wish).await?.ensure_replay_of(&refused)?;
    stack.done().await
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused_and_nothing_happens() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let ada = client.create_user("ada@example.com").await?;
    let bought = client.subscribe(ada, 1).await?;
    let body = json!({"subscription_id": bought["id"], "duration_months": 1});
    let first = client.post("/renew", "k", &body).await?;
    first.json(200)?;
    let rows = stack.count("SELECT count(*) FROM transactions").await?;

    let id = &bought["id"];
    let others: [(&str, Value); 6] = [
        ("/renew", json!({"subscription_id": id, "duration_months": 2})),
        // An explicit default is not the same as its absence.
        ("/renew", json!({"subscription_id": id})),
        ("/cancel", json!({"subscription_id": id})),
        ("/users", json!({"email": "x@example.com"})),
        ("/gift", json!({"gifter_id": ada, "recipient_email": "x@example.com"})),
        ("/subscribe", json!({"user_id": ada, "plan": "monthly"})),
    ];
    for (path, body) in &others {
        let answer = client.post(path, "k", body).await?;
        let problem = answer.problem(422, "idempotency_key_reused")?;
        let job = problem["job"].as_str().unwrap_or_default();
        assert!(job.starts_with("/jobs/"), "{answer}");
        assert_eq!(client.get(job).await?.json(200)?["operation"], "renew");
        assert_eq!(answer.header("idempotent-replayed"), None);
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, rows);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    client.post("/renew", "k", &body).await?.ensure_replay_of(&first)?;
    stack.done().await
}

#[tokio::test]
async fn the_same_json_value_is_the_same_request_whatever_its_bytes() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let first = format!(r#"{{"user_id":{user},"plan":"monthly","duration_months":2}}"#);
    let first = client.post_text("/subscribe", "k", first).await?;
    first.json(201)?;
    for same in [
        format!("{{ \"duration_months\" :\t2,\r\n \"plan\":\"monthly\", \"user_id\": {user} }}\n"),
        format!(r#"{{"plan":"\u006donthly","user_id":{user},"duration_months":2}}"#),
    ] {
        let replay = client.post_text("/subscribe", "k", same).await?;
        replay.ensure_replay_of(&first)?;
    }
    let other = format!(r#"{{"user_id":{user},"plan":"monthly","duration_months":3}}"#);
    let answer = client.post_text("/subscribe", "k", other).await?;
    answer.problem(422, "idempotency_key_reused")?;
    stack.done().await
}

#[tokio::test]
async fn a_key_is_bound_as_soon_as_its_job_is_queued() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(0).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    let body = json!({"email": "ada@example.com"});
    let job = client.submit("/users", "k", &body).await?;

    let answer = other.post("/users", "k", &json!({"email": "eve@example.com"})).await?;
    let problem = answer.problem(422, "idempotency_key_reused")?;
    assert_eq!(problem["job"], format!("/jobs/{job}"));

    // The right body joins the job.
    let joined = other.post_preferring("respond-async", "/users", "k", &body).await?;
    assert_eq!(joined.json(202)?["id"], job);
    assert_eq!(joined.header("idempotent-replayed"), Some("true"));

    let waiting = other.post("/users", "k", &body);
    let (started, waited) = tokio::join!(stack.start_worker(), waiting);
    started?;
    let waited = waited?;
    waited.json(201)?;
    assert_eq!(waited.header("idempotent-replayed"), Some("true"));
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_short_memory_of_redis_loses_no_answer() -> Result<()> {
    let stack = Stack::builder()
        .api("IDEMPOTENCY_TTL_SECONDS", 1)
        .worker("IDEMPOTENCY_TTL_SECONDS", 1)
        .start()
        .await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let first = client.post("/users", "k", &body).await?;
    first.json(201)?;
    // Over 3 seconds some of these come from Redis, and some from the ledger.
    let begun = std::time::Instant::now();
    while begun.elapsed().as_secs() < 3 {
        client.post("/users", "k", &body).await?.ensure_replay_of(&first)?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 1);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}
