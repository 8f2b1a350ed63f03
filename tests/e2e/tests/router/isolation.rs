//! What belongs to one client does not exist for another.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{Client, fresh_key};
use serde_json::json;

/// Clients of two shops on one api.
async fn two_shops() -> Result<(Stack, Client, Client)> {
    let stack = Stack::builder().api("API_AUTH", "required").start().await?;
    let shop = stack.client()?.with_api_key(&stack.create_key("shop", "write").await?);
    let rival = stack.client()?.with_api_key(&stack.create_key("rival", "write").await?);
    Ok((stack, shop, rival))
}

#[tokio::test]
async fn foreign_ids_are_not_found() -> Result<()> {
    let (stack, shop, rival) = two_shops().await?;
    let ada = shop.create_user("ada@example.com").await?;
    let bob = shop.create_user("bob@example.com").await?;
    let subscription = shop.subscribe(ada, 1).await?;
    let gift = shop.give(ada, "bob@example.com", 1).await?;
    let job = shop.submit("/users", "k", &json!({"email": "job@example.com"})).await?;
    let spy = rival.create_user("bob@example.com").await?;

    let get = async |path: String| rival.get(&path).await;
    get(format!("/users/{ada}")).await?.problem(404, "user_not_found")?;
    get(format!("/subscriptions/{ada}")).await?.problem(404, "user_not_found")?;
    get(format!("/gifts/{}", gift["id"])).await?.problem(404, "gift_not_found")?;
    get(format!("/jobs/{job}")).await?.problem(404, "job_not_found")?;
    get(format!("/jobs/{job}?wait=1")).await?.problem(404, "job_not_found")?;

    let sub = &subscription["id"];
    for (path, body, code) in [
        ("/subscribe", json!({"user_id": bob, "plan": "monthly"}), "user_not_found"),
        ("/renew", json!({"subscription_id": sub}), "subscription_not_found"),
        ("/cancel", json!({"subscription_id": sub}), "subscription_not_found"),
        ("/gift", json!({"gifter_id": ada, "recipient_email": "x@b.io"}), "gifter_not_found"),
        ("/gift/redeem", json!({"gift_id": gift["id"], "user_id": spy}), "gift_not_found"),
        ("/gift/redeem", json!({"gift_id": gift["id"], "user_id": bob}), "gift_not_found"),
    ] {
        rival.post(path, &fresh_key(), &body).await?.refusal(404, code)?;
    }
    // A user of another shop cannot redeem, whatever its email.
    shop.redeem(&gift["id"], spy).await?.refusal(404, "user_not_found")?;
    shop.redeem(&gift["id"], bob).await?.json(200)?;
    shop.get(&format!("/jobs/{job}")).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn keys_and_emails_of_two_clients_do_not_meet() -> Result<()> {
    let (stack, shop, rival) = two_shops().await?;
    let body = json!({"email": "ada@example.com"});
    let ours = shop.post("/users", "k", &body).await?;
    let theirs = rival.post("/users", "k", &body).await?;
    assert_ne!(ours.json(201)?["id"], theirs.json(201)?["id"]);
    assert!(!ours.replayed() && !theirs.replayed());
    // Each has its own answer.
    assert_eq!(shop.post("/users", "k", &body).await?.body, ours.body);
    assert_eq!(rival.post("/users", "k", &body).await?.body, theirs.body);
    stack.done().await
}

#[tokio::test]
async fn each_client_has_its_own_bucket_which_its_keys_share() -> Result<()> {
    let stack = Stack::builder()
        .api("API_AUTH", "required")
        .api("RATE_LIMIT_REQUESTS", 3)
        .api("RATE_LIMIT_WINDOW_SECONDS", 600)
        .start()
        .await?;
    let client = |key: String| anyhow::Ok(stack.client()?.with_api_key(&key));
    let shop = client(stack.create_key("shop", "write").await?)?;
    let second = client(stack.create_key("shop", "write").await?)?;
    let rival = client(stack.create_key("rival", "write").await?)?;
    for (index, client) in [&shop, &second, &shop].into_iter().enumerate() {
        client.create_user(&format!("user{index}@example.com")).await?;
    }
    for client in [&shop, &second] {
        let answer = client.post("/users", &fresh_key(), &json!({"email": "x@b.io"})).await?;
        answer.problem(429, "rate_limited")?;
    }
    rival.create_user("ada@example.com").await?;
    stack.done().await
}
