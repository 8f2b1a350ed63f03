//! The token bucket of a client.

use crate::stack::{Builder, Stack};
use anyhow::{Result, ensure};
use e2e::{Answer, Client, WithDatabase, concurrently, fresh_key};
use serde_json::json;
use std::time::Duration;

/// Ten in ten minutes: the bucket does not fill again while a test runs.
fn ten_at_once() -> Builder {
    Stack::builder().api("RATE_LIMIT_REQUESTS", 10).api("RATE_LIMIT_WINDOW_SECONDS", 600)
}

async fn submit(client: &Client, key: &str) -> Result<Answer> {
    client.post("/users", key, &json!({"email": format!("{key}@example.com")})).await
}

#[tokio::test]
async fn ten_are_admitted_and_the_eleventh_is_told_when_to_come_back() -> Result<()> {
    let stack = ten_at_once().start().await?;
    let client = stack.client()?;
    for left in (0..10).rev() {
        let answer = submit(&client, &fresh_key()).await?;
        answer.json(201)?;
        assert_eq!(answer.number("ratelimit-limit")?, 10);
        assert_eq!(answer.number("ratelimit-remaining")?, left);
        let reset = answer.number("ratelimit-reset")?;
        assert!((1..=60).contains(&reset), "one token a minute: {reset}");
        assert_eq!(answer.header("ratelimit-policy"), Some(r#""default";q=10;w=600"#));
        let now = format!(r#""default";r={left};t={reset}"#);
        assert_eq!(answer.header("ratelimit"), Some(now.as_str()));
        assert_eq!(answer.header("retry-after"), None);
    }

    let answer = submit(&client, "late").await?;
    let problem = answer.problem(429, "rate_limited")?;
    let wait = answer.number("retry-after")?;
    assert!((1..=60).contains(&wait), "one token a minute: {wait}");
    assert_eq!(problem["retry_after"], json!(wait));
    assert_eq!(problem["violated-policies"], json!(["default"]));
    assert_eq!(answer.number("ratelimit-limit")?, 10);
    assert_eq!(answer.number("ratelimit-remaining")?, 0);
    assert_eq!(answer.number("ratelimit-reset")?, wait);
    assert!(answer.header("ratelimit").is_some() && answer.header("ratelimit-policy").is_some());
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 10);
    stack.done().await
}

#[tokio::test]
async fn replays_joins_mismatches_and_reads_cost_nothing() -> Result<()> {
    let stack = ten_at_once().start().await?;
    let client = stack.client()?;
    for index in 0..10 {
        submit(&client, &format!("key{index}")).await?.json(201)?;
    }
    for _ in 0..20 {
        let replay = submit(&client, "key3").await?;
        replay.json(201)?;
        assert!(replay.replayed());
        assert_eq!(replay.number("ratelimit-remaining")?, 0);
    }
    let answer = client.post("/users", "key3", &json!({"email": "other@example.com"})).await?;
    answer.problem(422, "idempotency_key_reused")?;
    assert_eq!(answer.number("ratelimit-remaining")?, 0);

    for path in ["/users/1", "/subscriptions/1", "/health", "/jobs/x"] {
        let answer = client.get(path).await?;
        assert_ne!(answer.status, 429);
        assert_eq!(answer.header("ratelimit-limit"), None, "{path}");
    }
    submit(&client, "key10").await?.problem(429, "rate_limited")?;
    stack.done().await
}

#[tokio::test]
async fn what_is_refused_before_admission_costs_nothing_and_says_nothing() -> Result<()> {
    let stack = ten_at_once().start().await?;
    let client = stack.client()?;
    for _ in 0..20 {
        let answer = client.post("/users", &fresh_key(), &json!({"email": "nobody"})).await?;
        assert_eq!(answer.invalid_fields()?, ["email"]);
        assert_eq!(answer.header("ratelimit-limit"), None);
        assert_eq!(answer.header("ratelimit"), None);
    }
    let answer = submit(&client, &fresh_key()).await?;
    assert_eq!(answer.number("ratelimit-remaining")?, 9);
    stack.done().await
}

#[tokio::test]
async fn waiting_as_long_as_told_is_enough_and_the_key_was_not_bound() -> Result<()> {
    let stack = Stack::builder()
        .api("RATE_LIMIT_REQUESTS", 2)
        .api("RATE_LIMIT_WINDOW_SECONDS", 6)
        .start()
        .await?;
    // Three clients at once, who have nothing in common.
    let clients: Result<Vec<_>> = (1..=3).map(|last| stack.client_at([192, 0, 2, last])).collect();
    let clients = clients?;
    concurrently(clients.len(), clients.len(), move |index| {
        let client = clients[index].clone();
        async move { ensure_waiting_is_enough(&client).await }
    })
    .await?;
    stack.done().await
}

async fn ensure_waiting_is_enough(client: &Client) -> Result<()> {
    // Empty the bucket, however quickly it fills.
    let refused = loop {
        let answer = submit(client, &fresh_key()).await?;
        if answer.status == 429 {
            break answer;
        }
    };
    let key = fresh_key();
    let again = submit(client, &key).await?;
    let last = if again.status == 429 { again } else { refused };
    let wait = last.number("retry-after")?;
    ensure!((1..=3).contains(&wait), "a token every 3 seconds: {wait}");
    // The one wait the contract itself prescribes.
    tokio::time::sleep(Duration::from_secs(wait)).await;
    submit(client, &key).await?.json(201)?;
    Ok(())
}

#[tokio::test]
async fn all_apis_share_one_bucket_also_under_a_rush() -> Result<()> {
    let stack = ten_at_once().apis(2).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let answers = concurrently(60, 60, move |index| {
        let client = clients[index % 2].clone();
        async move { submit(&client, &fresh_key()).await }
    })
    .await?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.problem(429, "rate_limited")?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 10);
    stack.done().await
}

#[tokio::test]
async fn a_forwarded_address_is_not_believed() -> Result<()> {
    let stack = ten_at_once().start().await?;
    let client = stack.client()?;
    let mut statuses = Vec::new();
    for index in 0..11 {
        let request = client
            .request(reqwest::Method::POST, "/users")
            .header("idempotency-key", format!("key{index}"))
            .header("x-forwarded-for", format!("203.0.113.{index}"))
            .header("forwarded", format!("for=203.0.113.{index}"))
            .json(&json!({"email": format!("user{index}@example.com")}));
        statuses.push(client.send(request).await?.status);
    }
    assert_eq!(statuses[..10], [201; 10]);
    assert_eq!(statuses[10], 429);
    stack.done().await
}

#[tokio::test]
async fn zero_requests_means_no_limit_and_no_headers() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for _ in 0..15 {
        let answer = submit(&client, &fresh_key()).await?;
        answer.json(201)?;
        for name in answer.headers.keys() {
            assert!(!name.as_str().starts_with("ratelimit"), "{name}");
        }
    }
    stack.done().await
}

#[tokio::test]
async fn a_client_may_have_a_limit_of_its_own() -> Result<()> {
    let stack = ten_at_once().api("API_AUTH", "required").apis(2).start().await?;
    stack.create_client("large", Some("600/60")).await?;
    stack.create_client("small", Some("2/3600")).await?;
    stack.create_client("free", Some("0/60")).await?;
    stack.create_client("usual", None).await?;
    let mut first = Vec::new();
    for name in ["large", "small", "free", "usual"] {
        let key = stack.create_key(name, "write").await?;
        first.push(submit(&stack.client()?.with_api_key(&key), &fresh_key()).await?);
    }
    let policies = first.iter().map(|answer| answer.header("ratelimit-policy"));
    let expected = [
        Some(r#""default";q=600;w=60"#),
        Some(r#""default";q=2;w=3600"#),
        None,
        Some(r#""default";q=10;w=600"#),
    ];
    assert_eq!(policies.collect::<Vec<_>>(), expected);
    let left = |answer: &Answer| answer.number("ratelimit-remaining").ok();
    assert_eq!(first.iter().map(left).collect::<Vec<_>>(), [Some(599), Some(1), None, Some(9)]);
    assert_eq!(first[1].number("ratelimit-reset")?, 1800);

    // All its keys share one bucket, on all apis.
    let key = stack.create_key("small", "write").await?;
    let small = stack.client_of(1)?.with_api_key(&key);
    submit(&small, &fresh_key()).await?.json(201)?;
    let refused = submit(&small, &fresh_key()).await?;
    let problem = refused.problem(429, "rate_limited")?;
    assert_eq!(refused.header("ratelimit-limit"), Some("2"));
    assert_eq!(problem["retry_after"], json!(refused.number("retry-after")?));
    stack.done().await
}

#[tokio::test]
async fn a_limit_is_its_clients_own_where_the_api_has_none() -> Result<()> {
    let stack = Stack::builder().api("API_AUTH", "required").start().await?;
    stack.create_client("small", Some("2/3600")).await?;
    let small = stack.client()?.with_api_key(&stack.create_key("small", "write").await?);
    let other = stack.client()?.with_api_key(&stack.create_key("other", "write").await?);
    for _ in 0..2 {
        submit(&small, &fresh_key()).await?.json(201)?;
    }
    submit(&small, &fresh_key()).await?.problem(429, "rate_limited")?;
    assert_eq!(submit(&other, &fresh_key()).await?.header("ratelimit-limit"), None);
    stack.done().await
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_the_address_it_saw() -> Result<()> {
    let stack = ten_at_once().api("TRUSTED_PROXIES", "127.0.0.0/8").start().await?;
    let client = stack.client()?;
    let left = async |forwarded: &str| {
        let key = fresh_key();
        let request = client
            .request(reqwest::Method::POST, "/users")
            .header("idempotency-key", &key)
            .header("x-forwarded-for", forwarded)
            .json(&json!({"email": format!("{key}@example.com")}));
        client.send(request).await?.number("ratelimit-remaining")
    };
    assert_eq!(left("203.0.113.1").await?, 9);
    assert_eq!(left("203.0.113.2").await?, 9);
    // What stands further left was written by the client, who may claim anything.
    assert_eq!(left("198.51.100.7, 203.0.113.1").await?, 8);
    // The right-most that is not a trusted proxy itself.
    assert_eq!(left("203.0.113.1, 127.0.0.2").await?, 7);
    assert_eq!(left("203.0.113.2").await?, 8);
    // As proxies write it.
    assert_eq!(left("203.0.113.1:4711").await?, 6);
    assert_eq!(left("[::ffff:203.0.113.1]:4711, 127.0.0.2:80,").await?, 5);
    assert_eq!(left("2001:db8::1").await?, 9);
    assert_eq!(left("\"[2001:db8::2]:80\"").await?, 8);
    // What hides itself, or cannot be read, is the peer.
    assert_eq!(left("203.0.113.1, unknown").await?, 9);
    assert_eq!(left("203.0.113.1, _hidden, 127.0.0.2").await?, 8);
    stack.done().await
}

#[tokio::test]
async fn a_trusted_proxy_may_write_forwarded() -> Result<()> {
    let stack = ten_at_once().api("TRUSTED_PROXIES", "127.0.0.0/8").start().await?;
    let client = stack.client()?;
    let left = async |headers: &[(&str, &str)]| {
        let key = fresh_key();
        let mut request = client
            .request(reqwest::Method::POST, "/users")
            .header("idempotency-key", &key)
            .json(&json!({"email": format!("{key}@example.com")}));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client.send(request).await?.number("ratelimit-remaining")
    };
    let (one, two) = (("forwarded", "for=203.0.113.1"), ("forwarded", "for=\"203.0.113.1:80\""));
    assert_eq!(left(&[one]).await?, 9);
    assert_eq!(left(&[("forwarded", "for=198.51.100.7;by=_a"), two]).await?, 8);
    assert_eq!(left(&[("forwarded", "For=203.0.113.1;proto=https, for=127.0.0.3,")]).await?, 7);
    assert_eq!(left(&[one, ("x-forwarded-for", "203.0.113.1")]).await?, 6);
    // One of the two was written by the client: neither is believed.
    assert_eq!(left(&[one, ("x-forwarded-for", "203.0.113.2")]).await?, 9);
    assert_eq!(left(&[("x-forwarded-for", "203.0.113.2")]).await?, 9);
    stack.done().await
}
