//! Requests without a valid API key are counted by peer.

use crate::stack::{Builder, Stack};
use anyhow::{Result, ensure};
use e2e::{Answer, Client};
use reqwest::Method;

fn locked() -> Builder {
    Stack::builder().workers(0).api("API_AUTH", "required")
}

fn a_guess() -> String {
    format!("sck_zzzzzzzz_{}", "A".repeat(43))
}

/// A peer's 20 failures.
async fn fail_20_times(client: &Client) -> Result<()> {
    for _ in 0..20 {
        client.get("/users/1").await?.problem(401, "unauthenticated")?;
    }
    Ok(())
}

fn ensure_limited(answer: &Answer) -> Result<()> {
    let problem = answer.problem(429, "too_many_failed_authentications")?;
    let wait = answer.number("retry-after")?;
    let told = problem.get("retry_after").and_then(serde_json::Value::as_u64);
    ensure!((1..=60).contains(&wait) && told == Some(wait), "{answer}");
    Ok(())
}

#[tokio::test]
async fn after_20_failures_in_a_minute_a_peer_has_to_wait() -> Result<()> {
    let stack = locked().start().await?;
    let client = stack.client()?;
    let (good, guess) = (stack.create_key("shop", "write").await?, a_guess());
    let wrong = format!("{}{}", &good[..13], "A".repeat(43));
    // Whatever is wrong counts, and what is right does not.
    client.with_api_key(&good).get("/users/1").await?.problem(404, "user_not_found")?;
    for key in [&*guess, &wrong, "x", &good[..20]] {
        for _ in 0..4 {
            let answer = client.with_api_key(key).get("/users/1").await?;
            answer.problem(401, "unauthenticated")?;
        }
    }
    for path in ["/metrics", "/jobs/x", "/gifts/1", "/users/1"] {
        client.get(path).await?.problem(401, "unauthenticated")?;
    }
    for client in [client.clone(), client.with_api_key(&guess), client.with_api_key(&wrong)] {
        ensure_limited(&client.get("/users/1").await?)?;
        ensure_limited(&client.post("/users", "k", &serde_json::json!({})).await?)?;
    }
    // Who has a key is not locked out by a neighbour behind the same address.
    client.with_api_key(&good).get("/users/1").await?.problem(404, "user_not_found")?;
    client.get("/health").await?.json(200)?;
    // Nor is anybody else.
    stack.client_at([192, 0, 2, 9])?.get("/users/1").await?.problem(401, "unauthenticated")?;
    stack.done().await
}

#[tokio::test]
async fn a_peer_is_the_client_behind_a_trusted_proxy() -> Result<()> {
    let stack = locked().api("TRUSTED_PROXIES", "127.0.0.0/8").start().await?;
    let client = stack.client()?;
    let behind = async |headers: [&str; 2]| {
        let [name, value] = headers;
        client.send(client.request(Method::GET, "/users/1").header(name, value)).await
    };
    for port in 1_000..1_020 {
        let answer = behind(["x-forwarded-for", &format!("[2001:db8::1]:{port},")]).await?;
        answer.problem(401, "unauthenticated")?;
    }
    ensure_limited(&behind(["x-forwarded-for", "2001:db8::2"]).await?)?;
    ensure_limited(&behind(["forwarded", "for=\"[2001:db8::3]:80\";proto=https"]).await?)?;
    behind(["forwarded", "for=192.0.2.1"]).await?.problem(401, "unauthenticated")?;
    stack.done().await
}

#[tokio::test]
async fn without_keys_nobody_fails() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?.with_api_key("nonsense");
    for _ in 0..30 {
        client.get("/users/1").await?.problem(404, "user_not_found")?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_key_works_while_postgres_only_reads() -> Result<()> {
    let stack = locked().start().await?;
    let good = stack.create_key("shop", "write").await?;
    // The api has no connection yet: those that it makes can only read, as those of a standby.
    let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
                     default_transaction_read_only = on', current_database()); END $$";
    sqlx::raw_sql(read_only).execute(e2e::WithDatabase::db(&stack)).await?;
    let client = stack.client()?.with_api_key(&good);
    client.get("/users/1").await?.problem(404, "user_not_found")?;
    client.get("/subscriptions/1").await?.problem(404, "user_not_found")?;
    fail_20_times(&stack.client()?).await?;
    ensure_limited(&stack.client()?.get("/users/1").await?)?;
    stack.done().await
}
