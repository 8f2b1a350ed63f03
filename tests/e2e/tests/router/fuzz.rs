//! Requests of every kind that nobody would send on purpose: each is answered, in time, with a
//! status of the contract and never with a 5xx. `FUZZ_REQUESTS` sets how many; `make fuzz` sends
//! many.

use crate::stack::Stack;
use anyhow::{Context, Result, ensure};
use e2e::{Answer, Client, concurrently};
use rand::prelude::*;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

/// What requests are made of: what we serve, and what is nearly that.
const METHODS: [&str; 8] = ["GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "BREW"];
const PATHS: [&str; 18] = [
    "/users",
    "/users/",
    "/subscribe",
    "/renew",
    "/cancel",
    "/gift",
    "/gift/redeem",
    "/gifts/",
    "/subscriptions/",
    "/jobs/",
    "/health",
    "/metrics",
    "/",
    "//",
    "/%00",
    "/jobs/%FF",
    "/subscriptions/1?limit=",
    "/jobs/050684b8-7f07-8aba-8b03-1bf4ed2baa05?wait=",
];
/// Those of the paths whose bodies are read.
const SUBMISSIONS: [&str; 6] =
    ["/users", "/subscribe", "/renew", "/cancel", "/gift", "/gift/redeem"];
const HEADERS: [&str; 11] = [
    "idempotency-key",
    "content-type",
    "prefer",
    "x-forwarded-for",
    "forwarded",
    "host",
    "origin",
    "content-encoding",
    "x-request-id",
    "accept",
    "authorization",
];
const WORDS: [&str; 22] = [
    "1",
    "0",
    "-1",
    "9223372036854775808",
    "1e3",
    "null",
    "true",
    "\"monthly\"",
    "\"a@example.com\"",
    "\"\\u0000\"",
    "{\"email\":\"a@example.com\"}",
    "{\"user_id\":1,\"plan\":\"monthly\"}",
    "{\"gifter_id\":1,\"recipient_email\":\"a@example.com\"}",
    "{\"gift_id\":1,\"user_id\":1}",
    "{\"subscription_id\":1}",
    "{\"user_id\":1,\"user_id\":2}",
    "[[[[[[[[",
    "}",
    "application/json",
    "wait=1",
    "respond-async",
    "Bearer sck_aaaaaaaa_",
];

fn text(rng: &mut StdRng) -> String {
    let words = rng.random_range(0..3);
    let mut text: String = (0..words).filter_map(|_| WORDS.choose(rng)).copied().collect();
    for _ in 0..rng.random_range(0..4) {
        text.push(rng.random_range(' '..='~'));
    }
    text
}

fn body(rng: &mut StdRng, is_read: bool) -> Vec<u8> {
    let mut body = text(rng).into_bytes();
    if rng.random_bool(0.3)
        && let Some(byte) = body.choose_mut(rng)
    {
        *byte = rng.random();
    }
    // A large body that nobody reads ends the connection, and perhaps the answer with it.
    if is_read && rng.random_bool(0.01) {
        body.resize(rng.random_range(0..200_000), b' ');
    }
    body
}

async fn send(client: Client, seed: u64) -> Result<Answer> {
    let mut rng = StdRng::seed_from_u64(seed);
    let method = METHODS.choose(&mut rng).copied().unwrap_or("GET");
    let mut path = PATHS.choose(&mut rng).copied().unwrap_or("/").to_owned();
    let is_read = method == "POST" && SUBMISSIONS.contains(&path.as_str());
    if !is_read && rng.random_bool(0.5) {
        path.extend(text(&mut rng).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-'));
    }
    let mut request = client.request(Method::from_bytes(method.as_bytes())?, &path);
    if rng.random_bool(0.7) {
        request = request.header("content-type", "application/json");
    }
    if rng.random_bool(0.7) {
        request = request.header("idempotency-key", format!("fuzz-{}", rng.random_range(0..5_000)));
    }
    for _ in 0..rng.random_range(0..3) {
        let name = HeaderName::from_static(HEADERS.choose(&mut rng).copied().unwrap_or("accept"));
        if let Ok(value) = HeaderValue::from_bytes(text(&mut rng).as_bytes()) {
            request = request.header(name, value);
        }
    }
    let answer = client.send(request.body(body(&mut rng, is_read))).await;
    answer.with_context(|| format!("seed {seed}: {method} {path}"))
}

#[tokio::test]
async fn whatever_is_sent_is_answered_and_never_with_a_fault() -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a test has no settings of its own")]
    let total = std::env::var("FUZZ_REQUESTS").map_or(Ok(3_000), |text| text.parse())?;
    let stack = Stack::builder().start().await?;
    let client = stack.client()?;
    client.create_user("a@example.com").await?;
    let lanes = client.clone();
    concurrently(total, 16, move |index| {
        let client = lanes.clone();
        async move {
            // A connection that was left with an unread body is closed, perhaps under our feet.
            let mut answer = send(client.clone(), index as u64).await;
            for _ in 0..3 {
                if answer.is_err() {
                    answer = send(client.clone(), index as u64).await;
                }
            }
            let answer = answer?;
            ensure!(answer.status < 500, "request {index}: {answer}");
            let problem = answer.header("content-type") == Some("application/problem+json");
            ensure!(answer.status < 400 || problem, "request {index}: {answer}");
            Ok(())
        }
    })
    .await?;
    // Nothing was left in a state that the api chokes on.
    client.get("/health").await?.json(200)?;
    stack.done().await
}
