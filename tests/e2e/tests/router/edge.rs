//! What is refused whatever it asks for, and what every answer says to caches.

use crate::stack::Stack;
use anyhow::{Result, ensure};
use e2e::{Answer, Client, WithDatabase, fresh_key};
use reqwest::Method;
use serde_json::json;

/// A good submission with further headers.
async fn post_with(client: &Client, headers: &[(&str, &str)]) -> Result<Answer> {
    let mut request = client
        .request(Method::POST, "/users")
        .header("idempotency-key", fresh_key())
        .json(&json!({"email": "ada@example.com"}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}

#[tokio::test]
async fn a_header_that_says_one_thing_occurs_once() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for headers in [
        &[("authorization", "Bearer a"), ("authorization", "Bearer a")][..],
        &[("host", "localhost"), ("host", "localhost")],
        &[("host", "localhost"), ("host", "evil.example")],
        &[("content-type", "text/plain")],
        &[("origin", "http://localhost"), ("origin", "http://localhost")],
    ] {
        let answer = post_with(&client, headers).await?;
        let problem = answer.problem(400, "header_repeated")?;
        let detail = problem["detail"].as_str().unwrap_or_default();
        ensure!(detail.contains(headers[0].0), "{detail}");
    }
    let twice = client.request(Method::GET, "/users/1").header("authorization", "Bearer a");
    let twice = twice.header("authorization", "Bearer b");
    client.send(twice).await?.problem(400, "header_repeated")?;
    // Of these there may be several.
    let several = [("prefer", "wait=0"), ("prefer", "x"), ("accept", "a/b"), ("accept", "c/d")];
    post_with(&client, &several).await?.json(202)?;
    ensure!(stack.key_count().await? > 0);
    stack.done().await
}

#[tokio::test]
async fn a_body_must_not_be_compressed() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for codings in [&["gzip"][..], &["GZIP"], &["br"], &["identity, gzip"], &["identity", "zstd"]] {
        let headers: Vec<_> = codings.iter().map(|coding| ("content-encoding", *coding)).collect();
        let answer = post_with(&client, &headers).await?;
        answer.problem(415, "unsupported_content_encoding")?;
        ensure!(answer.header("accept-encoding") == Some("identity"), "{answer}");
    }
    ensure!(stack.count("SELECT count(*) FROM transactions").await? == 0);
    post_with(&client, &[("content-encoding", "Identity")]).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn without_keys_the_api_answers_to_loopback_names_only() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for host in ["evil.example", "localhost.evil.example:8080", "192.0.2.7", "0.0.0.0:8080", ""] {
        post_with(&client, &[("host", host)]).await?.problem(421, "host_not_allowed")?;
        for path in ["/health", "/users/1", "/metrics", "/nope"] {
            let request = client.request(Method::GET, path).header("host", host);
            client.send(request).await?.problem(421, "host_not_allowed")?;
        }
    }
    for origin in ["http://evil.example", "https://evil.example:8080", "null", ""] {
        let headers = [("host", "localhost:8080"), ("origin", origin)];
        post_with(&client, &headers).await?.problem(403, "origin_not_allowed")?;
    }
    ensure!(stack.count("SELECT count(*) FROM transactions").await? == 0);

    let headers = [("host", "127.0.0.1:8080"), ("origin", "http://localhost:3000")];
    post_with(&client, &headers).await?.json(201)?;
    for host in ["localhost", "LOCALHOST:1", "[::1]:8080", "shop.localhost", "127.1.2.3"] {
        let request = client.request(Method::GET, "/users/1").header("host", host);
        client.send(request).await?.json(200)?;
    }
    stack.done().await
}

#[tokio::test]
async fn with_keys_the_api_answers_to_every_name() -> Result<()> {
    let stack = Stack::builder().api("API_AUTH", "required").start().await?;
    let client = stack.client()?.with_api_key(&stack.create_key("shop", "write").await?);
    let headers = [("host", "shop.example"), ("origin", "https://shop.example")];
    post_with(&client, &headers).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn no_answer_about_somebody_is_stored_by_a_cache() -> Result<()> {
    let stack = Stack::builder().api("API_AUTH", "required").start().await?;
    let client = stack.client()?;
    let shop = client.with_api_key(&stack.create_key("shop", "write").await?);
    let user = shop.create_user("ada@example.com").await?;
    let job = shop.submit("/users", "k", &json!({"email": "bob@example.com"})).await?;
    let mut answers = vec![
        client.get("/users/1").await?,
        shop.post("/users", "k", &json!({"email": "bob@example.com"})).await?,
        shop.post("/users", "k", &json!({"email": "eve@example.com"})).await?,
        shop.post("/users", "x", &json!({})).await?,
        shop.post("/users", "a key", &json!({})).await?,
        shop.post("/cancel", "y", &json!({"subscription_id": 1})).await?,
        shop.send(shop.request(Method::PUT, "/users/1")).await?,
        shop.send(shop.request(Method::HEAD, &format!("/users/{user}"))).await?,
        post_with(&shop, &[("authorization", "Bearer x")]).await?,
        post_with(&shop, &[("content-encoding", "gzip")]).await?,
    ];
    let paths = ["users/1", "users/9", "gifts/9", "subscriptions/1", "metrics", "nope", "health"];
    for path in paths.map(str::to_owned).into_iter().chain([format!("jobs/{job}")]) {
        answers.push(shop.get(&format!("/{path}")).await?);
    }
    for answer in answers {
        ensure!(answer.header("cache-control") == Some("no-store"), "{answer}");
    }
    for path in ["/openapi.json", "/problems", "/problems/user-not-found"] {
        let cached = client.get(path).await?;
        ensure!(cached.header("cache-control") == Some("public, max-age=3600"), "{cached}");
    }
    stack.done().await
}
