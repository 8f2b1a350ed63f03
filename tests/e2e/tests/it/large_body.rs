//! A body that is too large, over a real connection: `tests/router/bad_input.rs` has what else is
//! bad.

use anyhow::Result;
use e2e::{Stack, WithDatabase, raw_request};

#[tokio::test]
async fn a_body_beyond_64_kib_is_too_large() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let padded = |length: usize| {
        let body = r#"{"email":"ada@example.com"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for length in [65_537, 1 << 20] {
        // Several times: an early close must not lose the answer.
        for _ in 0..10 {
            let answer = client.post_text("/users", "k", padded(length)).await?;
            answer.problem(413, "payload_too_large")?;
        }
    }

    // Without a length that announces it.
    let head = "POST /users HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n\
                Connection: close\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let bytes = format!("{head}{}0\r\n\r\n", chunk.repeat(5));
    raw_request(client.address()?, bytes.as_bytes()).await?.problem(413, "payload_too_large")?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 0);

    client.post_text("/users", "k", padded(65_536)).await?.json(201)?;
    stack.done().await
}
