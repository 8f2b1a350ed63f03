//! Requests that are refused for how they are written. No worker is needed: none is admitted.

use anyhow::Result;
use reqwest::{Method, header::HeaderValue};

use super::{conversation::Conversation, quiet};

/// A good body, for requests that are wrong elsewhere.
const GOOD: &str = r#"{"email":"ada@example.com"}"#;

#[tokio::test]
async fn bodies() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let long_name = format!(r#"{{"email":"ada@example.com","{}":1}}"#, "n".repeat(70));
    let long_email = format!(r#"{{"email":"{}@example.com"}}"#, "a".repeat(243));
    for (path, body) in [
        ("/users", ""),
        ("/users", "{\n \"email\": }"),
        ("/users", r#"{"email":"ada@example.com"} x"#),
        ("/users", r#"{"email":"ada@example.com","email":"bob@example.com"}"#),
        ("/users", "[]"),
        ("/users", "null"),
        ("/users", r#""ada@example.com""#),
        ("/users", "{}"),
        ("/users", r#"{"email":null}"#),
        ("/users", r#"{"email":"ada"}"#),
        ("/users", &long_email),
        ("/users", r#"{"email":7,"b":1,"a":{}}"#),
        ("/users", &long_name),
        ("/subscribe", "{}"),
        ("/subscribe", r#"{"user_id":"1","plan":"","duration_months":121,"trial":true}"#),
        ("/subscribe", r#"{"user_id":0,"plan":"a\tb","duration_months":1.5}"#),
        ("/renew", r#"{"duration_months":null}"#),
        ("/cancel", r#"{"subscription_id":9223372036854775808,"duration_months":1}"#),
        ("/gift", r#"{"gifter_id":-1,"recipient_email":"","duration_months":0}"#),
        ("/gift", "{}"),
        ("/gift/redeem", r#"{"gift_id":1.0}"#),
    ] {
        talk.post(path, body).await?;
    }
    talk.end(stack, "input_bodies").await
}

#[tokio::test]
async fn headers() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let long = "k".repeat(256);
    let keys: [&[&[u8]]; 6] =
        [&[], &[b""], &[b"a key"], &[long.as_bytes()], &[b"cl\xc3\xa9"], &[b"one", b"two"]];
    for keys in keys {
        let mut request = talk
            .request(Method::POST, "/users")
            .header("content-type", "application/json")
            .body(GOOD);
        for key in keys {
            request = request.header("idempotency-key", HeaderValue::from_bytes(key)?);
        }
        talk.send(request).await?;
    }
    for kind in [None, Some("text/plain"), Some("application/jsonp")] {
        let mut request =
            talk.request(Method::POST, "/users").header("idempotency-key", "k").body(GOOD);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        talk.send(request).await?;
    }
    talk.end(stack, "input_headers").await
}

/// The checks come in a fixed order. A request with several wrong things shows which is told.
#[tokio::test]
async fn sizes_and_the_order_of_the_checks() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let large = "x".repeat(65_537);
    let request = talk.request(Method::POST, "/users");
    talk.send(request.body(large.clone())).await?;
    let request = talk.request(Method::POST, "/users").header("idempotency-key", "k");
    talk.send(request.body(large.clone())).await?;
    talk.post_as("k", "/users", &large).await?;
    let request = talk.request(Method::POST, "/users").header("idempotency-key", "k");
    talk.send(request.body("x")).await?;
    talk.post_as("k", "/users", "x").await?;
    talk.post_as("k", "/users", "{}").await?;
    talk.end(stack, "input_order").await
}

#[tokio::test]
async fn bodies_that_do_not_arrive() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let head = "POST /users HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n\
                Connection: close\r\nContent-Type: application/json\r\n";
    talk.raw(&format!("{head}Transfer-Encoding: chunked\r\n\r\nno length\r\n")).await?;
    // The api waits for the rest as long as the contract says.
    talk.raw(&format!("{head}Content-Length: 100\r\n\r\n{{")).await?;
    talk.end(stack, "input_not_arrived").await
}
