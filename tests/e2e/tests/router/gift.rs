//! POST /gift and GET /gifts/{id}.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key, text_of};
use serde_json::{Value, json};

/// Whether a gift lives for so many times 24 hours.
async fn lives_for_days(stack: &Stack, gift: &Value, days: i32) -> Result<bool> {
    let query = "SELECT $2::timestamptz - $1::timestamptz = make_interval(hours => 24 * $3)";
    let query = sqlx::query_scalar(query)
        .bind(text_of(gift, "created_at")?)
        .bind(text_of(gift, "expires_at")?)
        .bind(days);
    Ok(query.fetch_one(stack.db()).await?)
}

#[tokio::test]
async fn a_gift_waits_for_its_recipient_for_thirty_days() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;

    // The recipient need not be a user yet.
    let body = json!({"gifter_id": gifter, "recipient_email": "Bob@Example.com",
                      "duration_months": 6});
    let answer = client.post("/gift", "g", &body).await?;
    let gift = answer.json(201)?;
    let read = client.get(&format!("/gifts/{}", gift["id"])).await?;
    ensure_kept("gift", &[&answer, &read]);
    assert!(lives_for_days(&stack, &gift, 30).await?, "{gift}");
    stack.done().await
}

#[tokio::test]
async fn the_life_of_a_gift_is_a_setting() -> Result<()> {
    let stack = Stack::builder().worker("GIFT_TTL_DAYS", 7).start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let gift = client.give(gifter, "bob@example.com", 1).await?;
    assert!(lives_for_days(&stack, &gift, 7).await?, "{gift}");
    stack.done().await
}

#[tokio::test]
async fn an_absent_duration_gives_one_month_and_one_may_give_to_oneself() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let body = json!({"gifter_id": gifter, "recipient_email": "ada@example.com"});
    let gift = client.post("/gift", &fresh_key(), &body).await?.json(201)?;
    assert_eq!(gift["duration_months"], 1);
    client.redeem(&gift["id"], gifter).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn nobody_gives_nothing() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let body = json!({"gifter_id": 4_711, "recipient_email": "bob@example.com",
                      "duration_months": 1});
    client.post("/gift", &fresh_key(), &body).await?.refusal(404, "gifter_not_found")?;
    for id in ["1", "0", "-1", "9223372036854775807"] {
        client.get(&format!("/gifts/{id}")).await?.problem(404, "gift_not_found")?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM gifts").await?, 0);
    stack.done().await
}
