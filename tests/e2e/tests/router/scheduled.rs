//! Gifts of plans, and subscriptions that wait until the one before them ends.

use crate::stack::Stack;
use anyhow::{Context, Result};
use e2e::{Answer, Client, WithDatabase, eventually_true, fresh_key, integer_of, text_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn post(client: &Client, path: &str, body: &Value) -> Result<Answer> {
    client.post(path, &fresh_key(), body).await
}

/// Has the client sell a plan for nothing, or for money, whose tier is its code.
async fn sell(client: &Client, code: &str, amount: u32) -> Result<()> {
    let body = json!({"name": code, "tier": code, "interval": "month", "features": [code],
                      "price": {"amount": amount, "currency": "USD"}});
    let put = client.request(Method::PUT, &format!("/plans/{code}")).json(&body);
    client.send(put).await?.json(201)?;
    Ok(())
}

/// Has a user redeem a gift of months of that plan.
async fn given(client: &Client, user: i64, plan: &str, months: u32) -> Result<Value> {
    let owner = client.get(&format!("/users/{user}")).await?.json(200)?;
    let body = json!({"gifter_id": user, "recipient_email": text_of(&owner, "email")?,
                      "plan": plan, "duration_months": months});
    let gift = post(client, "/gift", &body).await?.json(201)?;
    assert_eq!(text_of(&gift, "plan")?, plan);
    client.redeem(gift.get("id").context("an id")?, user).await?.json(200)
}

async fn shown(client: &Client, id: &Value) -> Result<Value> {
    client.get(&format!("/subscription/{id}")).await?.json(200)
}

/// The statuses of all subscriptions of a user, the oldest first.
async fn statuses(client: &Client, user: i64) -> Result<Vec<String>> {
    let page = client.get(&format!("/subscriptions/{user}")).await?.json(200)?;
    let rows = page.get("subscriptions").and_then(Value::as_array).context("a list")?;
    rows.iter().rev().map(|row| Ok(text_of(row, "status")?.to_owned())).collect()
}

#[tokio::test]
async fn a_gift_of_another_tier_waits_and_begins_in_the_place_of_the_renewal() -> Result<()> {
    // No worker sweeps: what is shown is right without any.
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    sell(&client, "gold", 0).await?;
    let user = client.create_user("ada@example.com").await?;
    let body = json!({"user_id": user, "plan": "monthly", "auto_renew": true});
    let bought = post(&client, "/subscribe", &body).await?.json(201)?;

    let redeemed = given(&client, user, "gold", 2).await?;
    assert_eq!(redeemed["queued"], true);
    assert_eq!((&redeemed["start_date"], &redeemed["end_date"]), (&Value::Null, &Value::Null));
    let gold = &redeemed["subscription_id"];
    let waiting = shown(&client, gold).await?;
    assert_eq!((&waiting["status"], &waiting["plan"]), (&json!("scheduled"), &json!("gold")));
    assert_eq!((&waiting["start_date"], &waiting["end_date"]), (&Value::Null, &Value::Null));
    assert_eq!(statuses(&client, user).await?, ["active", "scheduled"]);
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!((&entitlement["plan"], &entitlement["features"]), (&json!("monthly"), &json!([])));
    let until = text_of(&entitlement, "until")?;
    assert!(until > text_of(&bought, "end_date")?, "{entitlement}");

    stack.end_subscription(integer_of(&bought, "id")?).await?;
    let ended = shown(&client, &bought["id"]).await?;
    assert_eq!(ended["status"], "expired");
    let begun = shown(&client, gold).await?;
    assert_eq!((&begun["status"], &begun["start_date"]), (&json!("active"), &ended["end_date"]));
    let (start, end) = (text_of(&begun, "start_date")?, text_of(&begun, "end_date")?);
    assert!(stack.is_months_after(start, 2, end).await?);
    let change = json!({"plan": "monthly", "at": begun["end_date"]});
    assert_eq!((&begun["auto_renew"], &begun["scheduled_change"]), (&json!(true), &change));
    assert_eq!(statuses(&client, user).await?, ["expired", "active"]);
    let page = client.get(&format!("/subscriptions/{user}?limit=1")).await?.json(200)?;
    assert_eq!(page["subscriptions"], json!([begun]));
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!((&entitlement["plan"], &entitlement["source"]), (&json!("gold"), &json!("gift")));
    assert_eq!(entitlement["features"], json!(["gold"]));

    // A command sees the same, and marks it.
    let body = json!({"subscription_id": bought["id"]});
    let refused = post(&client, "/renew", &body).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(refused["current_status"], "expired");
    let body = json!({"user_id": user, "plan": "monthly"});
    post(&client, "/subscribe", &body).await?.refusal(409, "already_subscribed")?;
    let body = json!({"subscription_id": gold, "auto_renew": false});
    let off = post(&client, "/auto-renew", &body).await?.json(200)?;
    assert_eq!((&off["start_date"], &off["scheduled_change"]), (&begun["start_date"], &change));
    let stored = "SELECT count(*) FROM subscriptions WHERE status IN ('expired', 'active')";
    assert_eq!(stack.count(stored).await?, 2);
    stack.done().await
}

#[tokio::test]
async fn a_worker_lets_the_next_one_begin_and_each_end_has_an_entry_in_the_log() -> Result<()> {
    let stack = Stack::builder().workers(2).worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    let client = stack.client()?;
    sell(&client, "gold", 0).await?;
    let user = client.create_user("ada@example.com").await?;
    let bought = client.subscribe(user, 1).await?;
    for _ in 0..2 {
        assert_eq!(given(&client, user, "gold", 1).await?["queued"], true);
    }
    // It ended so long ago that the second and the third have ended, too.
    let moved = "UPDATE subscriptions SET start_date = start_date - interval '100 days',
                     end_date = end_date - interval '100 days' WHERE status = 'active'";
    sqlx::query(moved).execute(stack.db()).await?;
    eventually_true("all have ended", Duration::from_secs(30), async || {
        Ok(stack.count("SELECT count(*) FROM subscriptions WHERE status = 'expired'").await? == 3)
    })
    .await?;
    let log = "SELECT count(*) FROM transactions WHERE operation = 'expire_subscription'";
    assert_eq!(stack.count(log).await?, 3);
    let gaps = "SELECT count(*) FROM subscriptions AS s JOIN subscriptions AS next
                    ON next.start_date = s.end_date AND next.user_id = s.user_id";
    assert_eq!(stack.count(gaps).await?, 2, "{bought}");
    assert_eq!(statuses(&client, user).await?, ["expired"; 3]);
    stack.done().await
}

#[tokio::test]
async fn behind_a_pause_every_gift_waits_and_a_cancellation_lets_it_begin() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let bought = client.subscribe(user, 1).await?;
    let running = json!({"subscription_id": bought["id"]});
    let extended = given(&client, user, "yearly", 12).await?;
    assert_eq!((&extended["queued"], &extended["subscription_id"]), (&json!(false), &bought["id"]));
    post(&client, "/pause", &running).await?.json(200)?;
    let first = given(&client, user, "monthly", 1).await?;
    let second = given(&client, user, "monthly", 3).await?;
    assert_eq!((&first["queued"], &second["queued"]), (&json!(true), &json!(true)));
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!(
        (&entitlement["entitled"], &entitlement["status"]),
        (&json!(false), &json!("paused"))
    );

    let waiting = json!({"subscription_id": first["subscription_id"]});
    for (path, code) in [
        ("/renew", "subscription_not_active"),
        ("/pause", "subscription_not_active"),
        ("/resume", "subscription_not_paused"),
        ("/uncancel", "not_cancelling"),
    ] {
        let refused = post(&client, path, &waiting).await?.refusal(409, code)?;
        let status = refused.get("current_status");
        assert!(status.is_none_or(|status| status == "scheduled"), "{path}: {refused}");
    }
    let mut at_end = waiting.clone();
    at_end["at_period_end"] = json!(true);
    let refused = post(&client, "/cancel", &at_end).await?;
    assert_eq!(refused.refusal(409, "subscription_not_active")?["current_status"], "scheduled");
    let cancelled = post(&client, "/cancel", &waiting).await?.json(200)?;
    assert_eq!(
        (&cancelled["status"], &cancelled["start_date"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert_eq!(statuses(&client, user).await?, ["paused", "cancelled", "scheduled"]);

    let ended = post(&client, "/cancel", &running).await?.json(200)?;
    let begun = shown(&client, &second["subscription_id"]).await?;
    assert_eq!(
        (&begun["status"], &begun["start_date"]),
        (&json!("active"), &ended["cancelled_at"])
    );
    let (start, end) = (text_of(&begun, "start_date")?, text_of(&begun, "end_date")?);
    assert!(stack.is_months_after(start, 3, end).await?);
    stack.done().await
}

#[tokio::test]
async fn a_gift_is_of_a_plan_that_is_sold_for_nothing() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    sell(&client, "gold", 1_000).await?;
    let user = client.create_user("ada@example.com").await?;
    for (plan, months, code) in [
        ("gold", 1, "payments_disabled"),
        ("silver", 1, "unknown_plan"),
        ("yearly", 5, "duration_not_multiple"),
    ] {
        let body = json!({"gifter_id": user, "recipient_email": "bea@example.com", "plan": plan,
                          "duration_months": months});
        post(&client, "/gift", &body).await?.refusal(422, code)?;
    }
    let yearly = json!({"gifter_id": user, "recipient_email": "bea@example.com", "plan": "yearly"});
    let gift = post(&client, "/gift", &yearly).await?.json(201)?;
    assert_eq!((&gift["duration_months"], &gift["plan"]), (&json!(12), &json!("yearly")));
    post(&client, "/plans/yearly/retire", &json!({})).await?.json(200)?;
    post(&client, "/gift", &yearly).await?.refusal(422, "plan_retired")?;
    // Who has it keeps it.
    let bea = client.create_user("bea@example.com").await?;
    let redeemed = client.redeem(&gift["id"], bea).await?.json(200)?;
    assert_eq!(redeemed["queued"], false);
    assert_eq!(client.latest_subscription(bea).await?["plan"], "yearly");
    stack.done().await
}
