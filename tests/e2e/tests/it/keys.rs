//! API keys at the command line.

use std::time::Duration;

use anyhow::Result;
use e2e::{Kind, Stack, WithDatabase, eventually, find_keys, run_to_end};

async fn locked() -> Result<Stack> {
    Stack::builder().api("API_AUTH", "required").start().await
}

#[tokio::test]
async fn a_key_is_shown_once_listed_without_its_secret_and_revoked() -> Result<()> {
    let stack = locked().await?;
    let key = stack.create_key("shop", "write")?;
    let create = ["keys", "create", "--client", "shop", "--scope", "read", "--expires-in-days"];
    let other = find_keys(&stack.api_command(&[&create[..], &["1"]].concat())?).concat();
    assert_ne!(key, other);
    let id = &key[4..12];
    let list = stack.api_command(&["keys", "list"])?;
    assert!(list.contains(id) && list.contains(&other[4..12]) && list.contains("shop"), "{list}");
    assert_eq!(list.matches("expires").count(), 1, "{list}");
    assert!(find_keys(&list).is_empty() && !list.contains(&key[13..]), "{list}");
    let query = "SELECT count(*) FROM api_keys WHERE position($1 in api_keys::text) > 0";
    let whole: i64 = sqlx::query_scalar(query).bind(&key[13..]).fetch_one(stack.db()).await?;
    assert_eq!(whole, 0, "the secret is stored");

    let client = stack.client()?.with_api_key(&key);
    client.create_user("ada@example.com").await?;
    // A key that the api has not seen yet. One that it has seen is remembered for up to 30 seconds:
    // the test of that is in the api.
    let unseen = stack.create_key("shop", "write")?;
    stack.api_command(&["keys", "revoke", &unseen[4..12]])?;
    let revoked = stack.client()?.with_api_key(&unseen);
    revoked.get("/users/1").await?.problem(401, "unauthenticated")?;
    stack.client()?.with_api_key(&other).get("/users/1").await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn a_key_command_that_makes_no_sense_fails_and_says_why() -> Result<()> {
    let stack = locked().await?;
    for args in [
        &["keys", "create", "--client", "shop", "--scope", "everything"][..],
        &["keys", "create", "--scope", "write"],
        &["keys", "create", "--client", "", "--scope", "write"],
        &["keys", "revoke", "zzzzzzzz"],
        &["keys"],
    ] {
        assert!(stack.api_command(args).is_err(), "{args:?}");
    }
    assert_eq!(stack.count("SELECT count(*) FROM api_keys").await?, 0);
    stack.done().await
}

#[tokio::test]
async fn a_key_is_revoked_by_its_id_or_whole_and_no_secret_is_shown() -> Result<()> {
    let stack = locked().await?;
    let settings = stack.settings(Kind::Api);
    for write in [
        |key: &str| vec![key.to_owned()],
        |key: &str| vec![format!(" {key}\n")],
        |key: &str| vec![key[..12].to_owned()],
        |key: &str| vec![key[4..12].to_owned()],
    ] {
        let key = stack.create_key("shop", "write")?;
        let arguments = [vec!["keys".to_owned(), "revoke".to_owned()], write(&key)].concat();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run_to_end("api", &arguments, &settings)?;
        let shown = [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat();
        assert!(output.status.success() && shown.contains(&key[4..12]), "{shown}");
        assert!(!shown.contains(&key[13..]), "{shown}");
        let revoked = stack.client()?.with_api_key(&key);
        revoked.get("/users/1").await?.problem(401, "unauthenticated")?;
    }

    let key = stack.create_key("shop", "write")?;
    let secret = &key[13..];
    for given in [
        &[secret][..],
        &[&key[..30]],
        &[&key[1..]],
        &["Bearer", &key],
        &[&key, &key],
        &["--key", &key],
        &["--", &key, "x"],
        &[&format!("--key={key}")],
        &[&format!("-{secret}")],
        &[&format!("Authorization: Bearer {key}")],
        &[&key.replacen("sck_", "SCK_", 1)],
        &[""],
    ] {
        let output = run_to_end("api", &[&["keys", "revoke"], given].concat(), &settings)?;
        let shown = [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat();
        assert!(!output.status.success() && shown.contains("api keys list"), "{shown}");
        assert!(!shown.contains(&secret[..12]) && !shown.contains(&secret[30..]), "{shown}");
    }
    stack.client()?.with_api_key(&key).get("/users/1").await?.problem(404, "user_not_found")?;
    stack.done().await
}

#[tokio::test]
async fn the_log_says_who_failed_to_authenticate_and_with_which_key() -> Result<()> {
    let mut stack = locked().await?;
    let key = stack.create_key("shop", "write")?;
    let guess = format!("{}{}", &key[..13], "s3cret".repeat(8).get(..43).unwrap_or_default());
    let client = stack.client()?.with_api_key(&guess);
    for index in 0..25 {
        let status = client.get("/users/1").await?.status;
        assert_eq!(status, if index < 20 { 401 } else { 429 });
    }
    // 20, and one that says that there are more. Lines are written a moment later.
    let api = stack.api(0)?;
    let log = eventually("21 lines", Duration::from_secs(5), async || {
        let log = api.log_text();
        Ok((log.matches("authentication failed").count() == 21).then_some(log))
    })
    .await?;
    let lines: Vec<&str> = log.lines().filter(|l| l.contains("authentication failed")).collect();
    assert!(lines[0].contains("127.0.0.1") && lines[0].contains(&key[4..12]), "{}", lines[0]);
    assert!(!log.contains("s3cret") && !log.contains(&key[13..]));
    stack.done().await
}
