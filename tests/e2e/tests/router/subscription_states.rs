//! What a subscription does beside running and ending.

use crate::stack::Stack;
use crate::till::Till;
use anyhow::Result;
use e2e::{Client, fresh_key, integer_of};
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, body: &Value) -> Result<e2e::Answer> {
    client.post(path, &fresh_key(), body).await
}

/// A user with a monthly subscription, and its body in commands.
async fn subscribed(client: &Client, auto_renew: bool) -> Result<(i64, Value)> {
    let user = client.create_user(&format!("{}@example.com", fresh_key())).await?;
    let body = json!({"user_id": user, "plan": "monthly", "auto_renew": auto_renew});
    let bought = post(client, "/subscribe", &body).await?.json(201)?;
    assert_eq!(bought.get("auto_renew"), Some(&json!(auto_renew)));
    Ok((user, json!({"subscription_id": integer_of(&bought, "id")?})))
}

fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body.as_object_mut().map(|body| body.insert(name.to_owned(), value.into()));
    body
}

#[tokio::test]
async fn a_cancellation_at_the_end_is_asked_for_and_taken_back() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let (user, subscription) = subscribed(&client, true).await?;
    let at_end = with(&subscription, "at_period_end", true);

    let flagged = post(&client, "/cancel", &at_end).await?.json(200)?;
    assert_eq!(
        (&flagged["status"], &flagged["cancel_at_period_end"]),
        (&json!("active"), &json!(true))
    );
    assert!(flagged["cancelled_at"].is_string());
    assert_eq!(post(&client, "/cancel", &at_end).await?.json(200)?, flagged);
    let path = format!("/subscription/{}", subscription["subscription_id"]);
    assert_eq!(client.get(&path).await?.json(200)?, flagged);
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!(
        (&entitlement["entitled"], &entitlement["will_renew"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(entitlement["until"], flagged["end_date"]);
    post(&client, "/pause", &subscription).await?.refusal(409, "subscription_cancelling")?;

    let kept = post(&client, "/uncancel", &subscription).await?.json(200)?;
    assert_eq!(
        (&kept["cancel_at_period_end"], &kept["cancelled_at"]),
        (&json!(false), &Value::Null)
    );
    post(&client, "/uncancel", &subscription).await?.refusal(409, "not_cancelling")?;
    let off = with(&subscription, "auto_renew", false);
    let off = post(&client, "/auto-renew", &off).await?.json(200)?;
    assert_eq!(off["auto_renew"], false);
    client.get("/subscription/99").await?.problem(404, "subscription_not_found")?;
    stack.done().await
}

#[tokio::test]
async fn a_pause_keeps_the_place_and_the_rest_of_the_term() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let (user, subscription) = subscribed(&client, false).await?;

    let past = with(&subscription, "resume_at", "2020-01-01T00:00:00Z");
    post(&client, "/pause", &past).await?.refusal(422, "date_out_of_range")?;
    let wrong = with(&subscription, "resume_at", "tomorrow");
    post(&client, "/pause", &wrong).await?.problem(400, "invalid_request")?;
    let paused = post(&client, "/pause", &subscription).await?.json(200)?;
    assert_eq!((&paused["status"], &paused["resume_at"]), (&json!("paused"), &Value::Null));
    assert!(integer_of(&paused, "remaining_seconds")? > 27 * 86_400);
    let twice =
        post(&client, "/pause", &subscription).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(twice["current_status"], "paused");
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!(
        (&entitlement["entitled"], &entitlement["status"]),
        (&json!(false), &json!("paused"))
    );
    let again = json!({"user_id": user, "plan": "monthly"});
    post(&client, "/subscribe", &again).await?.refusal(409, "already_subscribed")?;

    let resumed = post(&client, "/resume", &subscription).await?.json(200)?;
    assert_eq!((&resumed["status"], &resumed["paused_at"]), (&json!("active"), &Value::Null));
    assert!(resumed["end_date"].as_str() > paused["end_date"].as_str(), "{resumed}");
    post(&client, "/resume", &subscription).await?.refusal(409, "subscription_not_paused")?;
    stack.done().await
}

#[tokio::test]
async fn months_are_given_for_nothing_and_subscriptions_taken_over() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let (_, subscription) = subscribed(&client, false).await?;
    let no_reason = with(&subscription, "months", 2);
    post(&client, "/extend", &no_reason).await?.problem(400, "invalid_request")?;
    let goodwill = with(&no_reason, "reason", "an outage");
    let extended = post(&client, "/extend", &goodwill).await?.json(200)?;
    assert_eq!(extended["status"], "active");

    let user = client.create_user("ada@example.com").await?;
    let import = json!({"user_id": user, "plan": "monthly", "auto_renew": true,
                        "anchor": "2020-01-31T08:00:00Z", "end_date": "2120-02-29T08:00:00Z"});
    let imported = post(&client, "/import", &import).await?.json(201)?;
    assert_eq!(imported["start_date"], "2020-01-31T08:00:00.000000Z");
    let renew = json!({"subscription_id": integer_of(&imported, "id")?});
    let renewed = post(&client, "/renew", &renew).await?.json(200)?;
    assert_eq!(renewed["end_date"], "2120-03-31T08:00:00.000000Z");
    let entitlement = client.get(&format!("/users/{user}/entitlement")).await?.json(200)?;
    assert_eq!(
        (&entitlement["source"], &entitlement["will_renew"]),
        (&json!("import"), &json!(true))
    );
    // There is no grace, because there is nothing to be charged.
    assert_eq!(entitlement["until"], "2120-03-31T08:00:00.000000Z");

    let other = with(&import, "user_id", client.create_user("bea@example.com").await?);
    let uneven = with(&other, "end_date", "2120-02-28T08:00:00Z");
    post(&client, "/import", &uneven).await?.refusal(422, "end_not_on_anchor")?;
    let past = with(&other, "end_date", "2020-02-29T08:00:00Z");
    post(&client, "/import", &past).await?.refusal(422, "end_in_past")?;
    stack.done().await
}

/// It began elsewhere before what has ended here, and is the last one all the same.
#[tokio::test]
async fn who_was_imported_is_shown_what_was_imported() -> Result<()> {
    let till = Till::at("2026-06-01T00:00:00Z").await?;
    let user = till.client.create_user("ada@a.org").await?;
    let first = till.subscribe(user, "monthly").await?.json(201)?;
    till.post("/cancel", &json!({"subscription_id": first["id"]})).await?.json(200)?;
    till.advance("2026-06-02T00:00:00Z").await?;
    let import = json!({"user_id": user, "plan": "yearly", "auto_renew": false,
                        "anchor": "2026-01-15T00:00:00Z", "end_date": "2026-06-15T00:00:00Z"});
    till.post("/import", &import).await?.json(201)?;
    till.advance("2026-07-01T00:00:00Z").await?;
    let shown = till.get(&format!("/users/{user}/entitlement")).await?;
    assert_eq!((&shown["status"], &shown["plan"]), (&json!("expired"), &json!("yearly")));
    till.done().await
}
