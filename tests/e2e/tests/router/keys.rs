//! API keys: who may come in, and with what.

use crate::stack::Stack;
use anyhow::Result;
use e2e::WithDatabase;
use serde_json::json;

async fn locked() -> Result<Stack> {
    Stack::builder().api("API_AUTH", "required").start().await
}

#[tokio::test]
async fn without_a_known_key_nobody_comes_in() -> Result<()> {
    let stack = locked().await?;
    let key = stack.create_key("shop", "write").await?;
    let client = stack.client()?;
    let user = client.with_api_key(&key).create_user("ada@example.com").await?;

    let wrong_secret = format!("{}{}", &key[..13], "A".repeat(43));
    let wrong_id = format!("sck_zzzzzzzz{}", &key[12..]);
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Bearer {wrong_secret}")),
        Some(format!("Bearer {wrong_id}")),
        Some(format!("Bearer {}", &key[..key.len() - 1])),
        Some(format!("Bearer {key}x")),
        Some(format!("Basic {key}")),
        Some(key.clone()),
    ];
    let mut texts = std::collections::BTreeSet::new();
    // Each from an address of its own: those who fail too often have to wait.
    for (machine, header) in (1..).zip(headers) {
        let client = stack.client_at([192, 0, 2, machine])?;
        for (method, path) in [("POST", "/users"), ("GET", &format!("/users/{user}"))] {
            let mut request = client
                .request(method.parse()?, path)
                .header("idempotency-key", "k")
                .json(&json!({"email": "eve@example.com"}));
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            let answer = client.send(request).await?;
            answer.problem(401, "unauthenticated")?;
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            texts.insert(answer.text());
        }
    }
    assert_eq!(texts.len(), 1, "one text for all: {texts:?}");
    client.get("/jobs/x").await?.problem(401, "unauthenticated")?;
    client.get("/health").await?.json(200)?;

    // The scheme is not case-sensitive.
    let request = client.request("GET".parse()?, &format!("/users/{user}"));
    client.send(request.header("authorization", format!("bearer {key}"))).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn a_scope_is_what_a_key_may_do() -> Result<()> {
    let stack = locked().await?;
    let client = stack.client()?;
    let writer = client.with_api_key(&stack.create_key("shop", "write").await?);
    let reader = client.with_api_key(&stack.create_key("shop", "read").await?);
    let admin = client.with_api_key(&stack.create_key("shop", "admin").await?);
    let user = writer.create_user("ada@example.com").await?;
    admin.create_user("bob@example.com").await?;

    let bodies = [
        ("/users", json!({"email": "eve@example.com"})),
        ("/subscribe", json!({"user_id": user, "plan": "monthly"})),
        ("/renew", json!({"subscription_id": 1})),
        ("/cancel", json!({"subscription_id": 1})),
        ("/gift", json!({"gifter_id": user, "recipient_email": "eve@example.com"})),
        ("/gift/redeem", json!({"gift_id": 1, "user_id": user})),
    ];
    for (path, body) in &bodies {
        let answer = reader.post(path, "k", body).await?;
        let problem = answer.problem(403, "insufficient_scope")?;
        assert_eq!(problem["required_scope"], "write");
    }
    // No key was bound by that.
    writer.post("/users", "k", &bodies[0].1).await?.json(201)?;
    for client in [&reader, &writer, &admin] {
        client.get(&format!("/users/{user}")).await?.json(200)?;
        client.get(&format!("/subscriptions/{user}")).await?.json(200)?;
    }
    stack.done().await
}

#[tokio::test]
async fn metrics_are_for_the_operator_whatever_the_scope() -> Result<()> {
    let stack = locked().await?;
    let client = stack.client()?;
    for scope in ["read", "write", "admin"] {
        let shop = client.with_api_key(&stack.create_key("shop", scope).await?);
        let problem = shop.get("/metrics").await?.problem(403, "insufficient_scope")?;
        assert_eq!(problem["required_scope"], "operator");
        let operator = client.with_api_key(&stack.create_operator_key(scope).await?);
        assert_eq!(operator.get("/metrics").await?.status, 200);
    }
    // Its scopes are those of its own client, to which nothing of the shop belongs.
    let shop = client.with_api_key(&stack.create_key("shop", "write").await?);
    let user = shop.create_user("ada@example.com").await?;
    let operator = client.with_api_key(&stack.create_operator_key("read").await?);
    operator.get(&format!("/users/{user}")).await?.problem(404, "user_not_found")?;
    let body = json!({"email": "eve@example.com"});
    let problem = operator.post("/users", "k", &body).await?.problem(403, "insufficient_scope")?;
    assert_eq!(problem["required_scope"], "write");
    stack.done().await
}

#[tokio::test]
async fn in_open_mode_everybody_is_the_operator() -> Result<()> {
    let stack = Stack::start().await?;
    assert_eq!(stack.client()?.get("/metrics").await?.status, 200);
    stack.done().await
}

#[tokio::test]
async fn rotating_a_key_keeps_replays() -> Result<()> {
    let stack = locked().await?;
    let client = stack.client()?;
    let old = client.with_api_key(&stack.create_key("shop", "write").await?);
    let new = client.with_api_key(&stack.create_key("shop", "write").await?);
    let body = json!({"email": "ada@example.com"});
    let first = old.post("/users", "k", &body).await?;
    first.json(201)?;
    let replay = new.post("/users", "k", &body).await?;
    assert_eq!((replay.body.as_slice(), replay.replayed()), (first.body.as_slice(), true));
    stack.done().await
}

#[tokio::test]
async fn an_expired_key_opens_nothing() -> Result<()> {
    let stack = locked().await?;
    let key = stack.create_key_for_a_day("shop", "write").await?;
    let client = stack.client()?.with_api_key(&key);
    client.create_user("ada@example.com").await?;

    let key = stack.create_key_for_a_day("shop", "write").await?;
    let query = "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1";
    sqlx::query(query).bind(&key[4..12]).execute(stack.db()).await?;
    let client = stack.client()?.with_api_key(&key);
    client.get("/users/1").await?.problem(401, "unauthenticated")?;
    stack.done().await
}
