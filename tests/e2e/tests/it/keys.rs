//! API keys at the command line.

use anyhow::Result;
use e2e::{Stack, WithDatabase, find_keys};

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
