//! POST /cancel.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key, integer_of};
use serde_json::json;

#[tokio::test]
async fn cancelling_ends_it_at_once_and_keeps_the_end_as_bought() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let body = json!({"user_id": user, "plan": "monthly", "duration_months": 2});
    let bought = client.post("/subscribe", "s", &body).await?;

    let body = json!({"subscription_id": bought.json(201)?["id"]});
    let cancelled = client.post("/cancel", "c", &body).await?;
    let list = client.get(&format!("/subscriptions/{user}")).await?;
    ensure_kept("cancellation", &[&bought, &cancelled, &list]);
    stack.done().await
}

#[tokio::test]
async fn only_an_active_subscription_is_cancelled() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let cancel =
        async |id: i64| client.post("/cancel", &fresh_key(), &json!({"subscription_id": id})).await;
    cancel(4_711).await?.refusal(404, "subscription_not_found")?;

    let user = client.create_user("ada@example.com").await?;
    let first = integer_of(&client.subscribe(user, 1).await?, "id")?;
    let cancelled = cancel(first).await?.json(200)?;
    let problem = cancel(first).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(problem["current_status"], "cancelled");
    assert_eq!(client.latest_subscription(user).await?, cancelled);

    // Past its end, before any sweep.
    let second = integer_of(&client.subscribe(user, 1).await?, "id")?;
    stack.end_subscription(second).await?;
    let problem = cancel(second).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(problem["current_status"], "expired");
    stack.done().await
}

#[tokio::test]
async fn a_cancelled_subscription_past_its_end_stays_cancelled() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let bought = client.subscribe(user, 1).await?;
    let body = json!({"subscription_id": bought["id"]});
    client.post("/cancel", &fresh_key(), &body).await?.json(200)?;
    stack.end_subscription(integer_of(&bought, "id")?).await?;

    assert_eq!(client.latest_subscription(user).await?["status"], "cancelled");
    stack.done().await
}
