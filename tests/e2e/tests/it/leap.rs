//! A worker is killed while it leads a test clock: another one goes on from where it was.

use anyhow::{Context, Result};
use e2e::{Client, Stack, WithDatabase, eventually_true, text_of};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_mins(2);
const PATH: &str = "/test-clock/advance";

/// A test client with some hundred subscriptions, half of which are renewed by themselves, each
/// with an end of its own.
async fn shop(stack: &Stack, name: &str) -> Result<Client> {
    let at = "2026-01-31T00:00:00Z";
    stack.api_command(&["clients", "create", name, "--test", "--at", at])?;
    let key = stack.create_key(name, "write")?;
    let fill = format!(
        "WITH made AS (
             INSERT INTO users (client_id, email, created_at)
             SELECT clients.id, 'user' || n || '@a.org', '{at}'::timestamptz
             FROM clients, generate_series(1, 200) AS n WHERE name = '{name}'
             RETURNING client_id, id, substring(email FROM '[0-9]+')::integer AS n
         ), bought AS (
             INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                        start_date, end_date, due_at, created_at, updated_at,
                                        auto_renew)
             SELECT client_id, false, id, 'monthly', 'active', 1,
                    timestamptz '{at}' - make_interval(hours => n % 150),
                    timestamptz '2026-02-28T00:00:00Z' - make_interval(hours => n % 150),
                    timestamptz '2026-02-28T00:00:00Z' - make_interval(hours => n % 150),
                    '{at}', '{at}', n % 2 = 0
             FROM made ORDER BY n
             RETURNING client_id, id
         )
         INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
         SELECT client_id, id, 'purchase', 1, gen_random_uuid(), '{at}' FROM bought"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(stack.db()).await?;
    Ok(stack.client()?.with_api_key(&key))
}

/// What became of the rows of that client, without ids.
async fn rows(stack: &Stack, name: &str) -> Result<String> {
    let rows = "SELECT string_agg(line, ' ' ORDER BY line) FROM (
            SELECT concat_ws(',', email, status, subscriptions.months, start_date, end_date, due_at,
                             updated_at) AS line
            FROM subscriptions JOIN users ON users.id = user_id
            WHERE subscriptions.client_id = (SELECT id FROM clients WHERE name = $1)
            UNION ALL
            SELECT concat_ws(',', operation, decided_at, count(*))
            FROM transactions WHERE client_id = (SELECT id FROM clients WHERE name = $1)
                AND operation NOT IN ('advance_clock', 'settle_clock')
            GROUP BY operation, decided_at
            UNION ALL
            SELECT concat_ws(',', 'grant', source, granted_at, count(*)) FROM grants
            WHERE client_id = (SELECT id FROM clients WHERE name = $1)
            GROUP BY source, granted_at) AS shown";
    Ok(sqlx::query_scalar(rows).bind(name).fetch_one(stack.db()).await?)
}

#[tokio::test]
async fn a_leap_survives_its_workers_and_does_nothing_twice() -> Result<()> {
    let mut stack = Stack::builder()
        .api("API_AUTH", "required")
        .worker("WORKER_ORPHAN_SECONDS", 2)
        .start()
        .await?;
    let (whole, killed) = (shop(&stack, "whole").await?, shop(&stack, "killed").await?);
    let to = json!({"to": "2026-05-15T00:00:00Z"});
    let id = whole.submit(PATH, "k", &to).await?;
    let expected = whole.finished_job(&id, SOON).await?;
    assert_eq!(expected["status"], "succeeded", "{expected}");

    let id = killed.submit(PATH, "k", &to).await?;
    for goal in [20, 90, 160] {
        let done = "SELECT count(*) FROM transactions WHERE origin = 'internal'
                    AND client_id = (SELECT id FROM clients WHERE name = 'killed')";
        eventually_true("it is on its way", SOON, async || Ok(stack.count(done).await? >= goal))
            .await?;
        stack.worker(0)?.kill();
        let running = killed.job(&id).await?;
        assert_eq!(running["status"], "running", "the worker was too fast to be killed");
        // The lease of the dead one ends, as it does by itself in half a minute.
        sqlx::raw_sql("UPDATE effects SET lease_until = now()").execute(stack.db()).await?;
        stack.worker(0)?.start().await?;
    }
    let finished = killed.finished_job(&id, SOON).await?;
    assert_eq!(finished["result"], expected["result"]);
    assert_eq!(rows(&stack, "killed").await?, rows(&stack, "whole").await?);
    let replay = killed.post(PATH, "k", &to).await?;
    assert_eq!(replay.json(200)?, finished["result"]);
    let steps = finished.pointer("/result/steps").and_then(Value::as_i64).context("steps")?;
    assert!(steps > 250, "{finished}");
    assert_eq!(
        text_of(&killed.get("/test-clock").await?.json(200)?, "now")?,
        "2026-05-15T00:00:00.000000Z"
    );
    stack.done().await
}
