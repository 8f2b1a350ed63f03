//! Users that their client knows by ids of its own: made, named, changed and listed.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::{Context, Result};
use e2e::{Client, WithDatabase, fresh_key, integer_of};
use serde_json::{Value, json};

/// Ada, whom the shop knows as `c-1`.
async fn ada(client: &Client) -> Result<i64> {
    let body = json!({"email": "Ada@Example.com", "external_id": "c-1"});
    integer_of(&client.post("/users", "ada", &body).await?.json(201)?, "id")
}

/// The ids that a list shows, and whether there are more.
async fn listed(client: &Client, query: &str) -> Result<(Vec<i64>, bool)> {
    let list = client.get(&format!("/users{query}")).await?.json(200)?;
    let users = list.get("users").and_then(Value::as_array).context("no users")?;
    let ids = users.iter().map(|user| integer_of(user, "id")).collect::<Result<_>>()?;
    Ok((ids, list.get("has_more") == Some(&json!(true))))
}

#[tokio::test]
async fn what_a_client_says_about_a_user_is_shown_and_changed() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let body = json!({
        "email": "Ada@Example.com", "external_id": "c-1", "metadata": {"tier": "gold", "note": ""},
    });
    let made = client.post("/users", "made", &body).await?;
    let id = integer_of(&made.json(201)?, "id")?;
    let path = format!("/users/{id}/update");
    let body = json!({"email": " Ada@New.example ", "metadata": {"tier": "silver"}});
    let changed = client.post(&path, "changed", &body).await?;
    let replayed = client.post(&path, "changed", &body).await?;
    let body = json!({"email": "b@x.org", "external_id": "c-1"});
    let taken = client.post("/users", "taken", &body).await?;
    let list = client.get("/users?external_id=c-1").await?;
    ensure_kept("known_user", &[&made, &changed, &replayed, &taken, &list]);
    assert_eq!(client.get(&format!("/users/{id}")).await?.body, changed.body);
    stack.done().await
}

#[tokio::test]
async fn a_command_names_a_user_by_external_id_in_the_place_of_the_id() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let ada = ada(&client).await?;
    // Directly after the answer to POST /users.
    let body = json!({"external_id": "c-1", "plan": "monthly"});
    let subscribed = client.post("/subscribe", "subscribe", &body).await?.json(201)?;
    assert_eq!(subscribed["user_id"], ada);
    let body = json!({"gifter_external_id": "c-1", "recipient_email": "ada@example.com"});
    let gift = client.post("/gift", "gift", &body).await?.json(201)?;
    assert_eq!(gift["gifter_id"], ada);
    let body = json!({"external_id": "c-1", "gift_id": gift["id"]});
    let redeemed = client.post("/gift/redeem", "redeem", &body).await?.json(200)?;
    assert_eq!(redeemed["subscription_id"], subscribed["id"]);
    let cancel = json!({"subscription_id": subscribed["id"]});
    client.post("/cancel", "cancel", &cancel).await?.json(200)?;
    let mut import = json!({
        "external_id": "c-1", "plan": "monthly", "auto_renew": true,
        "anchor": "2020-01-31T08:00:00Z", "end_date": "2120-02-29T08:00:00Z",
    });
    let imported = client.post("/import", "import", &import).await?.json(201)?;
    assert_eq!(imported["user_id"], ada);
    import["external_id"] = json!("c-2");

    for (path, body, code) in [
        ("/subscribe", json!({"external_id": "C-1", "plan": "monthly"}), "user_not_found"),
        (
            "/gift",
            json!({"gifter_external_id": "c-2", "recipient_email": "a@b.org"}),
            "gifter_not_found",
        ),
        ("/gift/redeem", json!({"external_id": "c-2", "gift_id": gift["id"]}), "user_not_found"),
        ("/import", import, "user_not_found"),
    ] {
        client.post(path, &fresh_key(), &body).await?.refusal(404, code)?;
    }
    stack.done().await
}

#[tokio::test]
async fn nobody_and_a_user_named_twice_are_not_valid() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for (path, rest, id, external_id) in [
        ("/subscribe", json!({"plan": "monthly"}), "user_id", "external_id"),
        ("/gift", json!({"recipient_email": "a@b.org"}), "gifter_id", "gifter_external_id"),
        ("/gift/redeem", json!({"gift_id": 1}), "user_id", "external_id"),
        (
            "/import",
            json!({
                "plan": "monthly", "auto_renew": true, "anchor": "2020-01-31T08:00:00Z",
                "end_date": "2120-02-29T08:00:00Z",
            }),
            "user_id",
            "external_id",
        ),
    ] {
        let fields =
            async |body: &Value| client.post(path, &fresh_key(), body).await?.invalid_fields();
        assert_eq!(fields(&rest).await?, [id]);
        let mut body = rest;
        body[external_id] = json!("c-1");
        body[id] = json!(1);
        assert_eq!(fields(&body).await?, [external_id]);
        body[external_id] = json!("c 1");
        assert_eq!(fields(&body).await?, [external_id]);
        body[external_id] = Value::Null;
        assert_eq!(fields(&body).await?, [external_id]);
    }
    stack.done().await
}

#[tokio::test]
async fn an_update_is_refused_as_the_contract_says() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let ada = ada(&client).await?;
    client.create_user("bob@example.com").await?;
    let update = async |user: &str, body: Value| {
        client.post(&format!("/users/{user}/update"), &fresh_key(), &body).await
    };
    let ada = ada.to_string();
    update(&ada, json!({"email": "BOB@example.com"})).await?.refusal(409, "email_taken")?;
    update(&ada, json!({"email": "ADA@example.com"})).await?.json(200)?;
    let stranger = update("99", json!({"metadata": {}})).await?;
    stranger.refusal(404, "user_not_found")?;
    for user in ["0", "x", "01", "c-1"] {
        let answer = update(user, json!({"metadata": {}})).await?;
        answer.problem(404, "user_not_found")?;
    }
    for (body, fields) in [
        (json!({}), &["email", "metadata"][..]),
        (json!({"email": null}), &["email"]),
        (json!({"metadata": {"a": 1}}), &["metadata"]),
        (json!({"metadata": {"a".repeat(41): ""}}), &["metadata"]),
        (json!({"external_id": "c-2", "metadata": {}}), &["external_id"]),
        (json!({"user_id": 1, "metadata": {}}), &["user_id"]),
    ] {
        assert_eq!(update(&ada, body).await?.invalid_fields()?, fields);
    }
    let twice = r#"{"metadata": {"a": "1", "a": "2"}}"#;
    let request = client
        .request(reqwest::Method::POST, &format!("/users/{ada}/update"))
        .header("idempotency-key", fresh_key())
        .header("content-type", "application/json")
        .body(twice);
    client.send(request).await?.problem(400, "malformed_json")?;
    stack.done().await
}

#[tokio::test]
async fn an_update_needs_a_key_of_scope_write_and_reads_are_by_client() -> Result<()> {
    let stack = Stack::builder().api("API_AUTH", "required").start().await?;
    let client = |key: String| anyhow::Ok(stack.client()?.with_api_key(&key));
    let shop = client(stack.create_key("shop", "write").await?)?;
    let reader = client(stack.create_key("shop", "read").await?)?;
    let rival = client(stack.create_key("rival", "write").await?)?;
    let ada = ada(&shop).await?;
    let path = format!("/users/{ada}/update");
    let body = json!({"metadata": {"a": "b"}});
    reader.post(&path, "k", &body).await?.problem(403, "insufficient_scope")?;
    rival.post(&path, "k", &body).await?.refusal(404, "user_not_found")?;
    shop.post(&path, "k", &body).await?.json(200)?;

    for query in ["", "?external_id=c-1", "?email=ada@example.com"] {
        assert_eq!(listed(&reader, query).await?, (vec![ada], false), "{query}");
        assert_eq!(listed(&rival, query).await?, (vec![], false), "{query}");
    }
    // The name is free at another client.
    let theirs = self::ada(&rival).await?;
    assert_ne!(theirs, ada);
    let body = json!({"external_id": "c-1", "plan": "monthly"});
    let subscribed = rival.post("/subscribe", "s", &body).await?.json(201)?;
    assert_eq!(subscribed["user_id"], theirs);
    stack.done().await
}

#[tokio::test]
async fn users_are_listed_newest_first_and_found_by_what_they_are_known_by() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    assert_eq!(client.get("/users").await?.text(), r#"{"users":[],"has_more":false}"#);
    let ada = ada(&client).await?;
    let bob = client.create_user("bob@example.com").await?;
    let cid = client.create_user("cid@example.com").await?;
    for (query, ids, has_more) in [
        (String::new(), vec![cid, bob, ada], false),
        ("?limit=2".to_owned(), vec![cid, bob], true),
        (format!("?limit=2&starting_after={bob}"), vec![ada], false),
        (format!("?starting_after={ada}"), vec![], false),
        ("?email=%20ADA@example.com".to_owned(), vec![ada], false),
        ("?external_id=c-1&email=ada@example.com".to_owned(), vec![ada], false),
        ("?external_id=c-1&email=bob@example.com".to_owned(), vec![], false),
        ("?external_id=c-2".to_owned(), vec![], false),
        ("?email=nobody@example.com".to_owned(), vec![], false),
    ] {
        assert_eq!(listed(&client, &query).await?, (ids, has_more), "{query}");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("starting_after=x", "starting_after"),
        ("external_id=", "external_id"),
        ("external_id=a%20b", "external_id"),
        ("email=nobody", "email"),
    ] {
        let answer = client.get(&format!("/users?{query}")).await?;
        assert_eq!(answer.invalid_fields()?, [field], "{query}");
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 3);
    stack.done().await
}
