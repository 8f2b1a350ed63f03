//! Plans, and what a user is entitled to.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{Client, fresh_key, integer_of};
use reqwest::Method;
use serde_json::{Value, json};

fn gold() -> Value {
    json!({"name": "Gold", "tier": "gold", "interval": "month", "features": ["reports"],
           "price": {"amount": 0, "currency": "USD"}})
}

async fn put(client: &Client, code: &str, body: &Value) -> Result<e2e::Answer> {
    client.send(client.request(Method::PUT, &format!("/plans/{code}")).json(body)).await
}

#[tokio::test]
async fn a_plan_is_put_sold_and_retired_and_who_has_it_keeps_it() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;

    let made = put(&client, "gold", &gold()).await?.json(201)?;
    assert_eq!((&made["version"], &made["grace_days"]), (&json!(1), &json!(7)));
    assert_eq!(put(&client, "gold", &gold()).await?.json(200)?, made);
    assert_eq!(client.get("/plans/gold").await?.json(200)?, made);
    let mut dearer = gold();
    dearer["price"]["amount"] = json!(100);
    assert_eq!(put(&client, "gold", &dearer).await?.json(200)?["version"], 2);

    let subscribe = json!({"user_id": user, "plan": "gold"});
    let asked = client.post("/subscribe", &fresh_key(), &subscribe).await?;
    asked.refusal(422, "payments_disabled")?;
    assert_eq!(put(&client, "gold", &gold()).await?.json(200)?["version"], 3);
    let bought = client.post("/subscribe", &fresh_key(), &subscribe).await?.json(201)?;
    assert_eq!(bought["plan_version"], 3);

    let retired = client.post("/plans/gold/retire", &fresh_key(), &json!({})).await?.json(200)?;
    assert!(retired["retired_at"].is_string());
    let again = client.post("/plans/gold/retire", &fresh_key(), &json!({})).await?.json(200)?;
    assert_eq!(again, retired);
    let other = client.create_user("bea@example.com").await?;
    let late = json!({"user_id": other, "plan": "gold"});
    client.post("/subscribe", &fresh_key(), &late).await?.refusal(422, "plan_retired")?;
    let renew = json!({"subscription_id": integer_of(&bought, "id")?});
    client.post("/renew", &fresh_key(), &renew).await?.json(200)?;

    let codes = async |path: &str| -> Result<Vec<String>> {
        let page = client.get(path).await?.json(200)?;
        let plans = page["plans"].as_array().cloned().unwrap_or_default();
        Ok(plans.iter().map(|plan| plan["code"].to_string()).collect())
    };
    assert_eq!(codes("/plans").await?, [r#""yearly""#, r#""monthly""#]);
    assert_eq!(codes("/plans?retired=true&limit=1").await?, [r#""gold""#]);
    assert_eq!(codes("/plans?starting_after=yearly").await?, [r#""monthly""#]);
    stack.done().await
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_told_at_once() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let wrong = json!({"name": "", "tier": "gold", "interval": "month", "grace_days": 28,
                       "price": {"amount": -1, "currency": "usd"}});
    let told = put(&client, "Gold", &wrong).await?.problem(400, "invalid_request")?;
    let errors = told["errors"].as_array().cloned().unwrap_or_default();
    let fields: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    let expected = ["code", "name", "price.amount", "price.currency", "grace_days"];
    assert_eq!(fields, expected, "{told}");
    let nothing = client.get("/plans?starting_after=gold").await?.json(200)?;
    assert_eq!(nothing, json!({"plans": [], "has_more": false}));
    for path in ["/plans?retired=yes", "/plans?limit=0"] {
        client.get(path).await?.problem(400, "invalid_request")?;
    }
    client.get("/plans/gold").await?.problem(404, "plan_not_found")?;
    let unknown = client.post("/plans/gold/retire", &fresh_key(), &json!({})).await?;
    unknown.refusal(404, "plan_not_found")?;
    stack.done().await
}

/// The same intent, with `{}` and with nothing, is the same request.
#[tokio::test]
async fn a_command_without_members_needs_no_body() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    put(&client, "gold", &gold()).await?.json(201)?;
    let bare = async |path: &str, key: &str| {
        client.send(client.request(Method::POST, path).header("idempotency-key", key)).await
    };
    let retired = bare("/plans/gold/retire", "k").await?.json(200)?;
    let again = client.post("/plans/gold/retire", "k", &json!({})).await?;
    assert!(again.replayed(), "{again}");
    assert_eq!(again.json(200)?, retired);

    let nobody = bare("/users", "l").await?.problem(400, "invalid_request")?;
    assert_eq!(nobody["errors"][0]["field"], "email");
    stack.done().await
}

#[tokio::test]
async fn an_entitlement_is_told_with_how_long_it_may_be_kept() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let ada = json!({"email": "ada@example.com", "external_id": "c-1"});
    let user = integer_of(&client.post("/users", &fresh_key(), &ada).await?.json(201)?, "id")?;
    let path = format!("/users/{user}/entitlement");

    let nothing = client.get(&path).await?;
    assert_eq!(nothing.header("cache-control"), Some("no-cache"));
    assert_eq!(nothing.json(200)?["status"], "none");
    client.get("/users/99/entitlement").await?.problem(404, "user_not_found")?;

    let bought = json!({"user_id": user, "plan": "monthly"});
    let bought = client.post("/subscribe", &fresh_key(), &bought).await?.json(201)?;
    let entitled = client.get(&path).await?;
    assert_eq!(entitled.header("cache-control"), Some("max-age=60"));
    let tag = entitled.header("etag").map(str::to_owned).unwrap_or_default();
    let shown = entitled.json(200)?;
    assert_eq!((&shown["entitled"], &shown["source"]), (&json!(true), &json!("purchase")));
    assert_eq!(shown["until"], bought["end_date"]);
    let again = client.request(Method::GET, &path).header("if-none-match", &tag);
    let again = client.send(again).await?;
    assert_eq!((again.status, again.header("etag")), (304, Some(tag.as_str())));

    let by_name = client.get("/entitlement?external_id=c-1").await?;
    assert_eq!(by_name.header("etag"), Some(tag.as_str()), "{by_name}");
    client.get("/entitlement?external_id=c-2").await?.problem(404, "user_not_found")?;
    for path in ["/entitlement", "/entitlement?external_id="] {
        let wrong = client.get(path).await?.problem(400, "invalid_request")?;
        assert_eq!(wrong["errors"][0]["field"], "external_id");
    }

    let cancel = json!({"subscription_id": integer_of(&bought, "id")?});
    client.post("/cancel", &fresh_key(), &cancel).await?.json(200)?;
    let ended = client.request(Method::GET, &path).header("if-none-match", &tag);
    let ended = client.send(ended).await?.json(200)?;
    assert_eq!((&ended["entitled"], &ended["status"]), (&json!(false), &json!("cancelled")));
    stack.done().await
}
