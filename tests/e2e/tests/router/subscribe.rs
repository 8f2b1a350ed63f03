//! POST /subscribe.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key, integer_of, text_of};
use serde_json::{Value, json};

fn wish(user_id: i64, plan: &str) -> Value {
    json!({"user_id": user_id, "plan": plan})
}

#[tokio::test]
async fn a_subscription_runs_for_the_months_asked_for() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;

    let body = json!({"user_id": user, "plan": "monthly", "duration_months": 120});
    let answer = client.post("/subscribe", "s", &body).await?;
    let list = client.get(&format!("/subscriptions/{user}")).await?;
    ensure_kept("subscription", &[&answer, &list]);
    let made = answer.json(201)?;
    let (start, end) = (text_of(&made, "start_date")?, text_of(&made, "end_date")?);
    assert!(stack.is_months_after(start, 120, end).await?, "{made}");
    stack.done().await
}

#[tokio::test]
async fn an_absent_duration_is_one_interval_of_the_plan() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for (plan, months) in [("monthly", 1), ("yearly", 12)] {
        let user = client.create_user(&format!("{plan}@example.com")).await?;
        let answer = client.post("/subscribe", plan, &wish(user, plan)).await?;
        let made = answer.json(201)?;
        assert_eq!(made["plan"], plan);
        let (start, end) = (text_of(&made, "start_date")?, text_of(&made, "end_date")?);
        assert!(stack.is_months_after(start, months, end).await?, "{made}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_yearly_plan_is_sold_in_whole_years() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    for months in [1, 11, 13, 119] {
        let body = json!({"user_id": user, "plan": "yearly", "duration_months": months});
        let answer = client.post("/subscribe", &fresh_key(), &body).await?;
        answer.refusal(422, "duration_not_multiple")?;
    }
    let body = json!({"user_id": user, "plan": "yearly", "duration_months": 24});
    client.post("/subscribe", &fresh_key(), &body).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn nobody_and_no_plan_are_refused() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;

    for stranger in [user + 1, i64::MAX] {
        let answer = client.post("/subscribe", &fresh_key(), &wish(stranger, "monthly")).await?;
        answer.refusal(404, "user_not_found")?;
    }
    for plan in ["platinum", "month", "monthly-2", "Monthly", "no such plan"] {
        let answer = client.post("/subscribe", &fresh_key(), &wish(user, plan)).await?;
        answer.refusal(422, "unknown_plan")?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 0);
    stack.done().await
}

#[tokio::test]
async fn a_second_subscription_is_refused_and_names_the_first() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let first = client.subscribe(user, 3).await?;

    let answer = client.post("/subscribe", &fresh_key(), &wish(user, "yearly")).await?;
    let problem = answer.refusal(409, "already_subscribed")?;
    assert_eq!(problem["subscription_id"], first["id"]);
    assert_eq!(problem["end_date"], first["end_date"]);
    stack.done().await
}

#[tokio::test]
async fn a_user_subscribes_again_after_cancelling() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let first = client.subscribe(user, 3).await?;
    let body = json!({"subscription_id": first["id"]});
    client.post("/cancel", &fresh_key(), &body).await?.json(200)?;

    let second = client.subscribe(user, 1).await?;
    assert_ne!(second["id"], first["id"]);
    stack.done().await
}

#[tokio::test]
async fn a_user_subscribes_again_after_the_end_before_any_sweep() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let first = client.subscribe(user, 3).await?;
    stack.end_subscription(integer_of(&first, "id")?).await?;

    let second = client.subscribe(user, 1).await?;
    assert_ne!(second["id"], first["id"]);
    let query = "SELECT count(*) FROM subscriptions WHERE status = 'expired'";
    assert_eq!(stack.count(query).await?, 1);
    stack.done().await
}
