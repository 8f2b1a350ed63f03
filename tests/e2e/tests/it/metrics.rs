//! GET /metrics of both programs.

use std::time::Duration;

use anyhow::Result;
use e2e::{Client, Stack, WithDatabase, eventually, eventually_true, fresh_key, integer_of};
use serde_json::json;

async fn scrape(client: &Client) -> Result<String> {
    let answer = client.get("/metrics").await?;
    anyhow::ensure!(answer.status == 200, "{answer}");
    let kind = answer.header("content-type").unwrap_or_default();
    anyhow::ensure!(kind.starts_with("text/plain"), "{kind}");
    Ok(answer.text())
}

/// The samples of a family whose labels contain all of `labels`.
fn samples<'a>(page: &'a str, family: &str, labels: &[&str]) -> Vec<&'a str> {
    page.lines()
        .filter(|line| {
            let rest = line.strip_prefix(family);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ', '_']))
                && labels.iter().all(|label| line.contains(label))
        })
        .collect()
}

/// Each family has a sample with these labels.
#[track_caller]
fn assert_shown(page: &str, wanted: &[(&str, &[&str])]) {
    for (family, labels) in wanted {
        assert!(!samples(page, family, labels).is_empty(), "{family} {labels:?} in\n{page}");
    }
}

#[tokio::test]
async fn an_api_counts_requests_by_route_and_submissions_by_admission() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let body = json!({"email": "ada@example.com"});
    client.post("/users", "secret-key", &body).await?.refusal(409, "email_taken")?;
    client.post("/users", "secret-key", &body).await?.refusal(409, "email_taken")?;
    client.get(&format!("/users/{user}")).await?.json(200)?;
    client.get("/no/such/path").await?.problem(404, "route_not_found")?;

    let page = scrape(&client).await?;
    let requests = "http_server_request_duration_seconds";
    let submissions = "commerce_submissions_total";
    assert_shown(
        &page,
        &[
            (requests, &["\"/users\"", "\"201\"", "\"POST\""]),
            (requests, &["\"/users\"", "\"409\""]),
            (requests, &["\"/users/{id}\"", "\"200\"", "\"GET\""]),
            (submissions, &["admission=\"enqueued\"", "operation=\"create_user\""]),
            (submissions, &["admission=\"replayed\"", "operation=\"create_user\""]),
        ],
    );
    // Labels are bounded: no id, path, key or address of a client.
    for secret in ["/no/such/path", "secret-key", "example.com", "/users/1"] {
        assert!(!page.contains(secret), "{secret} in\n{page}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_worker_counts_outcomes_batches_latencies_and_sweeps() -> Result<()> {
    let mut stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    client.create_user("bob@example.com").await?;
    let body = json!({"email": "ada@example.com"});
    client.post("/users", &fresh_key(), &body).await?.refusal(409, "email_taken")?;
    let bought = client.subscribe(user, 1).await?;
    stack.end_subscription(integer_of(&bought, "id")?).await?;

    let worker = stack.worker(0)?.client()?;
    let page = eventually("the sweep is counted", Duration::from_secs(20), async || {
        let page = scrape(&worker).await?;
        let swept = samples(&page, "commerce_sweep_rows_total", &["kind="]);
        Ok(swept.iter().any(|line| line.ends_with(" 1")).then_some(page))
    })
    .await?;
    assert_shown(
        &page,
        &[
            ("commerce_outcomes_total", &["operation=\"create_user\"", "succeeded"]),
            ("commerce_outcomes_total", &["operation=\"create_user\"", "email_taken"]),
            ("commerce_job_latency_seconds", &["operation=\"subscribe\""]),
            ("commerce_batch_size", &[]),
            ("commerce_queue_depth", &["state=\"queued\""]),
            ("commerce_queue_oldest_age_seconds", &[]),
        ],
    );
    let made = samples(&page, "commerce_outcomes_total", &["create_user", "succeeded"]);
    assert!(made[0].ends_with(" 2"), "{made:?}");
    stack.done().await
}

#[tokio::test]
async fn a_queue_that_nobody_drains_shows_its_depth_and_age() -> Result<()> {
    let mut stack = Stack::builder().workers(0).worker("WORKER_BATCH_MAX", 1).start().await?;
    let client = stack.client()?;
    for index in 0..7 {
        let body = json!({"email": format!("user{index}@example.com")});
        client.submit("/users", &fresh_key(), &body).await?;
    }
    // A worker that is stuck in its first batch sees how many wait behind it.
    let mut lock = stack.db().begin().await?;
    sqlx::query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    stack.start_worker().await?;
    let worker = stack.worker(0)?.client()?;
    for index in 7..10 {
        let body = json!({"email": format!("user{index}@example.com")});
        client.submit("/users", &fresh_key(), &body).await?;
    }
    eventually_true("ten jobs, of some age", Duration::from_secs(30), async || {
        let page = scrape(&worker).await?;
        let value = |line: &&str| line.rsplit(' ').next().and_then(|text| text.parse::<f64>().ok());
        let waiting: f64 = samples(&page, "commerce_queue_depth", &[])
            .iter()
            .filter(|line| line.contains("queued") || line.contains("running"))
            .filter_map(value)
            .sum();
        let ages = samples(&page, "commerce_queue_oldest_age_seconds", &[]);
        let age: f64 = ages.iter().filter_map(value).sum();
        anyhow::ensure!((waiting - 10.0).abs() < 0.5 && age > 1.0, "{waiting} jobs of age {age}");
        Ok(true)
    })
    .await?;
    lock.rollback().await?;
    eventually_true("all are done", Duration::from_secs(30), async || {
        Ok(stack.count("SELECT count(*) FROM users").await? == 10)
    })
    .await?;
    stack.done().await
}
