//! Paths and methods the api does not know.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_unknown_path_is_a_problem() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    for path in ["/", "/nope", "/users/1/pets", "/gift/refund", "/Users", "/users/", "//users"] {
        for method in &methods {
            let request = client
                .request(method.clone(), path)
                .header("idempotency-key", fresh_key())
                .json(&json!({"email": "ada@example.com"}));
            client.send(request).await?.problem(404, "route_not_found")?;
        }
        client.get(path).await?.problem(404, "route_not_found")?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let posts = ["/users/1/update", "/subscribe", "/renew", "/cancel", "/gift", "/gift/redeem"];
    let gets = ["/health", "/users/1", "/gifts/1", "/subscriptions/1", "/jobs/1"];
    let rest = [Method::PUT, Method::PATCH, Method::DELETE, Method::from_bytes(b"BREW")?];
    for (paths, right, wrong) in
        [(&posts[..], "POST", Method::GET), (&gets[..], "GET", Method::POST)]
    {
        for path in paths {
            for method in rest.iter().chain([&wrong]) {
                let request = client
                    .request(method.clone(), path)
                    .header("idempotency-key", fresh_key())
                    .json(&json!({"email": "ada@example.com"}));
                let answer = client.send(request).await?;
                answer.problem(405, "method_not_allowed")?;
                let allow = answer.header("allow").unwrap_or_default();
                assert!(allow.split(',').any(|one| one.trim() == right), "{allow} {answer}");
            }
        }
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 0);
    stack.done().await
}
