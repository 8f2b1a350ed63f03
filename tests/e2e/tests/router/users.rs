//! POST /users and GET /users/{id}.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, fresh_key, integer_of};
use serde_json::json;

#[tokio::test]
async fn a_user_is_created_and_read_back() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;

    let body = json!({"email": "Ada.Lovelace+shop@Example.com"});
    let answer = client.post("/users", "first", &body).await?;
    let id = integer_of(&answer.json(201)?, "id")?;
    let read = client.get(&format!("/users/{id}")).await?;
    ensure_kept("user", &[&answer, &read]);
    stack.done().await
}

#[tokio::test]
async fn an_email_belongs_to_one_user_whatever_its_case() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    client.create_user("ada@example.com").await?;

    for twin in ["ada@example.com", "ADA@Example.COM", "  ada@example.com "] {
        let answer = client.post("/users", &fresh_key(), &json!({"email": twin})).await?;
        answer.refusal(409, "email_taken")?;
    }
    // Dots and plus signs are not folded.
    for other in ["a.da@example.com", "ada+x@example.com"] {
        client.create_user(other).await?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 3);
    stack.done().await
}

#[tokio::test]
async fn an_unknown_user_is_not_found() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for id in ["1", "0", "-1", "9223372036854775807"] {
        client.get(&format!("/users/{id}")).await?.problem(404, "user_not_found")?;
    }
    stack.done().await
}
