//! The sweeps that mark what is past its end.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, eventually_true, fresh_key, integer_of};
use serde_json::json;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn what_is_due_is_marked_and_leaves_an_entry_that_its_client_can_read() -> Result<()> {
    let stack = Stack::builder().workers(2).worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    let client = stack.client()?;
    let ada = client.create_user("ada@example.com").await?;
    let bob = client.create_user("bob@example.com").await?;
    let due = integer_of(&client.subscribe(ada, 1).await?, "id")?;
    let running = integer_of(&client.subscribe(bob, 1).await?, "id")?;
    let due_gift = integer_of(&client.give(ada, "x@example.com", 1).await?, "id")?;
    let waiting_gift = integer_of(&client.give(ada, "y@example.com", 1).await?, "id")?;
    let submitted = stack.count("SELECT count(*) FROM transactions").await?;
    stack.end_subscription(due).await?;
    stack.end_gift(due_gift).await?;

    eventually_true("both are marked", SOON, async || {
        let expired = stack
            .count(
                "SELECT (SELECT count(*) FROM subscriptions WHERE status = 'expired') \
                 + (SELECT count(*) FROM gifts WHERE status = 'expired')",
            )
            .await?;
        Ok(expired == 2)
    })
    .await?;
    let rows: Vec<(String, String, Option<i64>)> = sqlx::query_as(
        "SELECT operation, idempotency_key, entity_id FROM transactions \
         WHERE client_id = 2 AND origin = 'internal' ORDER BY operation",
    )
    .fetch_all(stack.db())
    .await?;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!((rows[0].0.as_str(), rows[0].2), ("expire_gift", Some(due_gift)));
    assert_eq!(rows[0].1, format!("expire:gift:{due_gift}"));
    assert_eq!((rows[1].0.as_str(), rows[1].2), ("expire_subscription", Some(due)));
    assert!(rows[1].1.starts_with(&format!("expire:subscription:{due}:")), "{rows:?}");
    let job: String = sqlx::query_scalar(
        "SELECT job_id::text FROM transactions WHERE operation = 'expire_subscription'",
    )
    .fetch_one(stack.db())
    .await?;
    let job = client.get(&format!("/jobs/{job}")).await?.json(200)?;
    assert_eq!(
        (&job["operation"], &job["status"]),
        (&json!("expire_subscription"), &json!("succeeded"))
    );
    assert_eq!((&job["result"]["id"], &job["result"]["status"]), (&json!(due), &json!("expired")));

    // What is not due is left alone, and the marked ones read the same as before.
    assert_eq!(client.latest_subscription(bob).await?["id"], json!(running));
    assert_eq!(client.latest_subscription(bob).await?["status"], "active");
    assert_eq!(client.latest_subscription(ada).await?["status"], "expired");
    for (id, status) in [(due_gift, "expired"), (waiting_gift, "pending")] {
        let gift = client.get(&format!("/gifts/{id}")).await?.json(200)?;
        assert_eq!(gift["status"], status);
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, submitted + 2);
    stack.done().await
}

#[tokio::test]
async fn what_fell_due_while_no_worker_ran_is_made_up_at_the_start() -> Result<()> {
    let mut stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let ada = client.create_user("ada@example.com").await?;
    let due = integer_of(&client.subscribe(ada, 1).await?, "id")?;
    stack.worker(0)?.stop().await?;
    stack.end_subscription(due).await?;
    // More than any batch.
    sqlx::query(
        "INSERT INTO gifts (client_id, livemode, gifter_id, recipient_email, status, months, \
         expires_at, due_at, created_at) \
         SELECT 2, true, $1, 'x' || n || '@example.com', 'pending', 1, \
         now() - n * interval '1 second', now() - n * interval '1 second', \
         now() - interval '30 days' FROM generate_series(1, 3000) AS n",
    )
    .bind(ada)
    .execute(stack.db())
    .await?;

    for _ in 0..3 {
        stack.start_worker().await?;
    }
    eventually_true("all are marked", SOON, async || {
        let expired = stack.count("SELECT count(*) FROM gifts WHERE status = 'expired'").await?;
        let ended = "SELECT count(*) FROM subscriptions WHERE status = 'expired'";
        Ok(expired == 3_000 && stack.count(ended).await? == 1)
    })
    .await?;
    let rows = "SELECT count(*) FROM transactions WHERE operation = 'expire_gift'";
    assert_eq!(stack.count(rows).await?, 3_000);
    let entities = "SELECT count(DISTINCT entity_id) FROM transactions \
                    WHERE operation = 'expire_gift'";
    assert_eq!(stack.count(entities).await?, 3_000);
    stack.done().await
}

#[tokio::test]
async fn a_sweep_and_commands_at_once_never_disagree() -> Result<()> {
    let stack = Stack::builder().workers(2).worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    let client = stack.client()?;
    let ada = client.create_user("ada@example.com").await?;
    for round in 0..30 {
        let bought = client.subscribe(ada, 1).await?;
        let id = integer_of(&bought, "id")?;
        stack.end_subscription(id).await?;
        // Swept by now or not: a renewal is too late either way.
        let body = json!({"subscription_id": id, "duration_months": 1});
        let answer = client.post("/renew", &fresh_key(), &body).await?;
        let problem = answer.refusal(409, "subscription_not_active")?;
        assert_eq!(problem["current_status"], "expired", "round {round}");
        assert_eq!(client.latest_subscription(ada).await?["status"], "expired");
    }
    eventually_true("the last is swept", SOON, async || {
        let active = "SELECT count(*) FROM subscriptions WHERE status = 'active'";
        Ok(stack.count(active).await? == 0)
    })
    .await?;
    stack.done().await
}
