//! Bad input: each kind gets its problem, enqueues nothing, and leaves its key free.

use crate::stack::Stack;
use anyhow::{Context, Result};
use e2e::{Answer, Client, WithDatabase, fresh_key};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;

/// Sends bytes as JSON under a key.
async fn send(client: &Client, path: &str, key: &str, body: &[u8]) -> Result<Answer> {
    let request = client
        .request(Method::POST, path)
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body(body.to_vec());
    client.send(request).await
}

/// The key is free: a good request under it is new, and is done.
async fn ensure_key_is_free(client: &Client, key: &str) -> Result<()> {
    let body = json!({"email": format!("{key}@example.com")});
    let answer = client.post("/users", key, &body).await?;
    answer.json(201)?;
    assert_eq!(answer.header("idempotent-replayed"), None);
    Ok(())
}

/// Nothing but the good requests was ever done.
async fn ensure_only_done(stack: &Stack, good: usize) -> Result<()> {
    let rows = stack.count("SELECT count(*) FROM transactions").await?;
    assert_eq!(rows, i64::try_from(good)?);
    Ok(())
}

#[tokio::test]
async fn what_is_not_json_is_malformed() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let deep = format!(r#"{{"email":{}"#, "[".repeat(60_000));
    let cases: [&[u8]; 19] = [
        b"",
        b" ",
        b"{",
        b"email",
        br#"{"email":}"#,
        br"{'email':'ada@example.com'}",
        br#"{"email":"ada@example.com",}"#,
        br#"{"email":"ada@example.com"} x"#,
        br#"{"email":"ada@example.com"}{}"#,
        br#"{"email":"ada@example.com","email":"ada@example.com"}"#,
        br#"{"email":"ada@example.com","\u0065mail":"eve@example.com"}"#,
        br#"{"email":NaN}"#,
        br#"{"email":"\ud800"}"#,
        b"{\"email\":\"ada\0@example.com\"}",
        b"{\"email\":\"\xff\xfe@example.com\"}",
        b"\xef\xbb\xbf{\"email\":\"ada@example.com\"}",
        b"[1,",
        br#""ada@example.com" x"#,
        deep.as_bytes(),
    ];
    for body in cases {
        let key = fresh_key();
        let answer = send(&client, "/users", &key, body).await?;
        let shown = String::from_utf8_lossy(body.get(..60).unwrap_or(body)).into_owned();
        answer.problem(400, "malformed_json").context(shown)?;
        ensure_key_is_free(&client, &key).await?;
    }
    ensure_only_done(&stack, cases.len()).await?;
    stack.done().await
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let cases: &[(&str, &str, &[&str])] = &[
        ("/users", r"{}", &["email"]),
        ("/users", r#"{"email":null}"#, &["email"]),
        ("/users", r#"{"email":7}"#, &["email"]),
        ("/users", r#"{"email":["ada@example.com"]}"#, &["email"]),
        ("/users", r#"{"email":"ada@example.com","name":"Ada"}"#, &["name"]),
        ("/users", r#"{"Email":"ada@example.com"}"#, &["Email", "email"]),
        ("/users", r#"{"email":1,"a":2,"b":3}"#, &["a", "b", "email"]),
        ("/subscribe", r"{}", &["plan", "user_id"]),
        (
            "/subscribe",
            r#"{"user_id":"1","plan":7,"duration_months":0,"trial":1,"foo":1}"#,
            &["duration_months", "foo", "plan", "trial", "user_id"],
        ),
        ("/subscribe", r#"{"user_id":1,"plan":""}"#, &["plan"]),
        ("/renew", r"{}", &["subscription_id"]),
        ("/renew", r#"{"duration_months":121}"#, &["duration_months", "subscription_id"]),
        ("/cancel", r"{}", &["subscription_id"]),
        ("/cancel", r#"{"subscription_id":1,"duration_months":1}"#, &["duration_months"]),
        ("/gift", r"{}", &["gifter_id", "recipient_email"]),
        (
            "/gift",
            r#"{"gifter_id":1.0,"recipient_email":"bob","duration_months":"1"}"#,
            &["duration_months", "gifter_id", "recipient_email"],
        ),
        ("/gift/redeem", r"{}", &["gift_id", "user_id"]),
        ("/gift/redeem", r#"{"gift_id":true,"user_id":{}}"#, &["gift_id", "user_id"]),
    ];
    for (path, body, fields) in cases {
        let key = fresh_key();
        let answer = send(&client, path, &key, body.as_bytes()).await?;
        assert_eq!(answer.invalid_fields()?, *fields, "{path} {body}");
        ensure_key_is_free(&client, &key).await?;
    }
    ensure_only_done(&stack, cases.len()).await?;
    stack.done().await
}

#[tokio::test]
async fn of_many_errors_the_first_are_named_and_the_others_counted() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let members: Vec<String> = (0..5_000).map(|index| format!("\"{index}\":1")).collect();
    let body = format!("{{{}}}", members.join(","));
    let answer = send(&client, "/subscribe", "k", body.as_bytes()).await?;
    let fields = answer.invalid_fields()?;
    assert_eq!(fields.len(), 20);
    assert!(fields.contains(&"plan".to_owned()) && fields.contains(&"user_id".to_owned()));
    let problem = answer.problem(400, "invalid_request")?;
    assert_eq!(problem["more_errors"], 5_000 + 2 - 20);
    let detail = "5002 fields are not valid: errors has the first 20.";
    assert_eq!(problem["detail"], detail);

    // Whatever a body has, the answer is short: also if each name is long, and escaped.
    let long = |index: usize| format!("\"{index}{}\":1", "\\u0001".repeat(400));
    let members: Vec<String> = (0..24).map(long).collect();
    for body in [
        format!("{{{}}}", members.join(",")),
        format!("{{{0},{0}}}", "\"a\":1"),
        format!("{{\"{0}\":1,\"{0}\":1}}", "\\u0001".repeat(5_000)),
        format!("{{\"{0}\":1,\"{0}\":1}}", "n".repeat(30_000)),
        format!("{{\"user_id\":\"{0}\",\"plan\":\"{0}\"}}", "v".repeat(30_000)),
        format!("{{\"user_id\":{},\"plan\":[{}1]}}", "9".repeat(30_000), "1,".repeat(10_000)),
    ] {
        let answer = send(&client, "/subscribe", "k", body.as_bytes()).await?;
        assert!(answer.status == 400 && answer.body.len() < 16_384, "{answer}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_body_must_be_an_object() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let cases = ["null", "true", "7", r#""ada@example.com""#, "[]", r#"[{"email":"a@b.io"}]"#];
    for body in cases {
        let key = fresh_key();
        let answer = send(&client, "/users", &key, body.as_bytes()).await?;
        answer.problem(400, "invalid_request")?;
        ensure_key_is_free(&client, &key).await?;
    }
    ensure_only_done(&stack, cases.len()).await?;
    stack.done().await
}

#[tokio::test]
async fn an_id_is_a_whole_number_that_fits() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let values = [
        "1.0",
        "1e0",
        "1.5",
        r#""1""#,
        "null",
        "true",
        "[1]",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
    ];
    for (path, template, field) in [
        ("/subscribe", r#"{"user_id":#,"plan":"monthly"}"#, "user_id"),
        ("/renew", r#"{"subscription_id":#}"#, "subscription_id"),
        ("/cancel", r#"{"subscription_id":#}"#, "subscription_id"),
        ("/gift", r#"{"gifter_id":#,"recipient_email":"a@b.io"}"#, "gifter_id"),
        ("/gift/redeem", r#"{"gift_id":#,"user_id":1}"#, "gift_id"),
        ("/gift/redeem", r#"{"gift_id":1,"user_id":#}"#, "user_id"),
    ] {
        for value in values {
            let body = template.replace('#', value);
            let answer = send(&client, path, "one-key-for-all", body.as_bytes()).await?;
            assert_eq!(answer.invalid_fields()?, [field], "{path} {body}");
        }
    }
    ensure_key_is_free(&client, "one-key-for-all").await?;
    ensure_only_done(&stack, 1).await?;
    stack.done().await
}

#[tokio::test]
async fn a_duration_is_a_whole_number_from_1_to_120() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let wrong = ["0", "121", "1000", "-1", "1.0", "1e1", r#""1""#, "false", "4294967297", "257"];
    for (path, template) in [
        ("/subscribe", r#"{"user_id":7,"plan":"monthly","duration_months":#}"#),
        ("/renew", r#"{"subscription_id":7,"duration_months":#}"#),
        ("/gift", r#"{"gifter_id":7,"recipient_email":"a@b.io","duration_months":#}"#),
    ] {
        for value in wrong {
            let body = template.replace('#', value);
            let answer = send(&client, path, "one-key-for-all", body.as_bytes()).await?;
            assert_eq!(answer.invalid_fields()?, ["duration_months"], "{path} {body}");
        }
        for value in ["1", "120"] {
            let body = template.replace('#', value);
            let answer = send(&client, path, &fresh_key(), body.as_bytes()).await?;
            assert_eq!(answer.status, 404, "nobody has the id 7: {answer}");
        }
    }
    ensure_key_is_free(&client, "one-key-for-all").await?;
    ensure_only_done(&stack, 7).await?;
    stack.done().await
}

#[tokio::test]
async fn an_address_must_be_one() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("gifter@example.com").await?;
    let long = format!("{}@example.com", "a".repeat(300));
    let addresses = [
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "ada example.com",
        "ada@@example.com",
        "ada@example.com, bob@example.com",
        "ada@exa mple.com",
        "Ada <ada@example.com>",
        "ada@example.com\n",
        "ada\u{0}@example.com",
        "ada@example.com\u{0}",
        &long,
    ];
    for address in addresses {
        // Spaces around an address are dropped, a line break among them.
        if address.trim() == "ada@example.com" {
            continue;
        }
        let body = json!({"email": address});
        let answer = client.post("/users", "k", &body).await?;
        assert_eq!(answer.invalid_fields()?, ["email"], "{address:?}");
        let body = json!({"gifter_id": user, "recipient_email": address});
        let answer = client.post("/gift", "k", &body).await?;
        assert_eq!(answer.invalid_fields()?, ["recipient_email"], "{address:?}");
    }
    let body = json!({"user_id": user, "plan": "month\u{0}ly"});
    let answer = client.post("/subscribe", "k", &body).await?;
    assert_eq!(answer.invalid_fields()?, ["plan"]);

    ensure_key_is_free(&client, "k").await?;
    ensure_only_done(&stack, 2).await?;
    stack.done().await
}

#[tokio::test]
async fn a_submission_needs_exactly_one_good_key() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let too_long = "k".repeat(256);
    let missing = "idempotency_key_missing";
    let invalid = "idempotency_key_invalid";
    let cases: [(&[&[u8]], &[&str]); 9] = [
        (&[], &[missing]),
        (&[b""], &[missing, invalid]),
        (&[b"one", b"two"], &[invalid]),
        (&[b"same", b"same"], &[invalid]),
        (&[too_long.as_bytes()], &[invalid]),
        (&[b"a key"], &[invalid]),
        (&[b"one, two"], &[invalid]),
        (&[b"a\tkey"], &[invalid]),
        (&[b"cl\xc3\xa9"], &[invalid]),
    ];
    for (keys, codes) in cases {
        let mut request =
            client.request(Method::POST, "/users").json(&json!({"email": "ada@example.com"}));
        for key in keys {
            request = request.header("idempotency-key", HeaderValue::from_bytes(key)?);
        }
        let answer = client.send(request).await?;
        let code = answer.problem(400, codes[0]).or_else(|error| match codes.get(1) {
            Some(code) => answer.problem(400, code),
            None => Err(error),
        })?;
        let link = answer.header("link").unwrap_or_default();
        let kind = code["type"].as_str().unwrap_or_default();
        assert!(link.contains(&format!("<{kind}>")) && link.contains("describedby"), "{link}");
    }
    ensure_only_done(&stack, 0).await?;

    let visible: String = (b'!'..=b'~').map(char::from).collect();
    for (index, key) in ["k", &"k".repeat(255), &visible].into_iter().enumerate() {
        let body = json!({"email": format!("user{index}@example.com")});
        client.post("/users", key, &body).await?.json(201)?;
        assert!(client.post("/users", key, &body).await?.replayed());
    }
    stack.done().await
}

#[tokio::test]
async fn a_body_must_be_sent_as_json() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let post = async |kind: Option<&str>, email: &str| {
        let mut request = client
            .request(Method::POST, "/users")
            .header("idempotency-key", "k")
            .body(json!({"email": email}).to_string());
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        client.send(request).await
    };
    let form = "application/x-www-form-urlencoded";
    for kind in [None, Some("text/plain"), Some(form), Some("application/jsonp"), Some("json")] {
        let answer = post(kind, "ada@example.com").await?;
        answer.problem(415, "unsupported_media_type")?;
        assert_eq!(answer.header("accept"), Some("application/json"), "{answer}");
    }
    ensure_only_done(&stack, 0).await?;

    let first = post(Some("application/json; charset=utf-8"), "ada@example.com").await?;
    first.json(201)?;
    let again = post(Some("Application/JSON"), "ada@example.com").await?;
    assert!(again.replayed());
    stack.done().await
}
