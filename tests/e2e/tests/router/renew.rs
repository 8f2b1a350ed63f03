//! POST /renew, and the arithmetic of months.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key, integer_of, text_of};
use serde_json::json;

#[tokio::test]
async fn a_renewal_adds_months_and_changes_nothing_else() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let body = json!({"user_id": user, "plan": "monthly", "duration_months": 2});
    let bought = client.post("/subscribe", "s", &body).await?;

    let body = json!({"subscription_id": bought.json(201)?["id"], "duration_months": 3});
    let answer = client.post("/renew", "r", &body).await?;
    let list = client.get(&format!("/subscriptions/{user}")).await?;
    ensure_kept("renewal", &[&bought, &answer, &list]);
    let (bought, renewed) = (bought.json(201)?, answer.json(200)?);
    let (start, end) = (text_of(&renewed, "start_date")?, text_of(&renewed, "end_date")?);
    assert!(stack.is_months_after(start, 5, end).await?, "{renewed}");
    assert!(text_of(&renewed, "updated_at")? > text_of(&bought, "updated_at")?);
    stack.done().await
}

#[tokio::test]
async fn an_absent_duration_renews_by_one_interval_of_the_plan() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for (plan, months) in [("monthly", 2), ("yearly", 24)] {
        let user = client.create_user(&format!("{plan}@example.com")).await?;
        let body = json!({"user_id": user, "plan": plan});
        let bought = client.post("/subscribe", &fresh_key(), &body).await?.json(201)?;
        let body = json!({"subscription_id": bought["id"]});
        let renewed = client.post("/renew", &fresh_key(), &body).await?.json(200)?;
        let (start, end) = (text_of(&renewed, "start_date")?, text_of(&renewed, "end_date")?);
        assert!(stack.is_months_after(start, months, end).await?, "{renewed}");
    }
    stack.done().await
}

#[tokio::test]
async fn renewals_count_from_the_first_start_and_do_not_drift() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let to_february = stack.months_to_next_february().await?;
    // Each anchor, and the months already bought: they end in next February, or in April.
    let anchors = [
        ("2024-01-31T12:34:56.789012Z", to_february),
        ("2024-01-30T00:00:00Z", to_february),
        ("2024-02-29T23:59:59.999999Z", to_february - 1),
        ("2024-03-31T00:00:00.000001Z", to_february),
        ("2024-02-28T08:00:00Z", to_february - 1),
    ];
    for (index, (start, bought)) in anchors.into_iter().enumerate() {
        let user = client.create_user(&format!("user{index}@example.com")).await?;
        let id = integer_of(&client.subscribe(user, 1).await?, "id")?;
        stack.move_start(id, start, bought).await?;
        let mut total = bought;
        for months in [1, 1, 10, 12, 23, 48] {
            total += months;
            let body = json!({"subscription_id": id, "duration_months": months});
            let renewed = client.post("/renew", &fresh_key(), &body).await?.json(200)?;
            let end = text_of(&renewed, "end_date")?;
            assert!(stack.is_months_after(start, total, end).await?, "{start} {total}: {end}");
        }
    }
    stack.done().await
}

#[tokio::test]
async fn the_31st_of_january_is_clamped_in_february_and_comes_back_in_march() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let id = integer_of(&client.subscribe(user, 1).await?, "id")?;
    let to_february = stack.months_to_next_february().await?;
    stack.move_start(id, "2024-01-31T10:00:00Z", to_february).await?;

    let before = client.latest_subscription(user).await?;
    let february = text_of(&before, "end_date")?.to_owned();
    assert!(february.contains("-02-28T10:00:00") || february.contains("-02-29T10:00:00"));
    for day in ["-03-31T10:00:00", "-04-30T10:00:00", "-05-31T10:00:00"] {
        let body = json!({"subscription_id": id, "duration_months": 1});
        let renewed = client.post("/renew", &fresh_key(), &body).await?.json(200)?;
        assert!(text_of(&renewed, "end_date")?.contains(day), "{renewed}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_term_beyond_the_year_9999_is_refused() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let id = integer_of(&client.subscribe(user, 1).await?, "id")?;
    // To June of the year 9998.
    stack.move_start(id, "2024-06-30T00:00:00Z", (9_998 - 2_024) * 12).await?;

    let body = json!({"subscription_id": id, "duration_months": 19});
    let answer = client.post("/renew", &fresh_key(), &body).await?;
    answer.refusal(422, "term_too_long")?;
    let body = json!({"subscription_id": id, "duration_months": 18});
    let renewed = client.post("/renew", &fresh_key(), &body).await?.json(200)?;
    assert!(text_of(&renewed, "end_date")?.starts_with("9999-12-30T00:00:00"), "{renewed}");
    stack.done().await
}

#[tokio::test]
async fn only_an_active_subscription_is_renewed() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let renew = async |id: i64| {
        let body = json!({"subscription_id": id, "duration_months": 1});
        client.post("/renew", &fresh_key(), &body).await
    };
    renew(4_711).await?.refusal(404, "subscription_not_found")?;

    let user = client.create_user("ada@example.com").await?;
    let first = integer_of(&client.subscribe(user, 1).await?, "id")?;
    let body = json!({"subscription_id": first});
    client.post("/cancel", &fresh_key(), &body).await?.json(200)?;
    let problem = renew(first).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(problem["current_status"], "cancelled");

    // Past its end, before any sweep.
    let second = integer_of(&client.subscribe(user, 1).await?, "id")?;
    stack.end_subscription(second).await?;
    let problem = renew(second).await?.refusal(409, "subscription_not_active")?;
    assert_eq!(problem["current_status"], "expired");
    stack.done().await
}
