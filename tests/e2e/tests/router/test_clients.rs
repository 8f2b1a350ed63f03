//! Test clients, whose time stands still, beside live ones.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{Client, WithDatabase, eventually_true, fresh_key, integer_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const JANUARY: &str = "2026-01-31T00:00:00.000000Z";
const FEBRUARY: &str = "2026-02-28T00:00:00.000000Z";

/// A test client at the end of January 2026, and a live one.
async fn start() -> Result<(Stack, Client, Client)> {
    let builder = Stack::builder().api("API_AUTH", "required");
    let stack = builder.worker("SWEEP_INTERVAL_SECONDS", 1).start().await?;
    stack.create_test_client("demo", "2026-01-31T00:00:00Z").await?;
    let (demo, shop) =
        (stack.create_key("demo", "admin").await?, stack.create_key("shop", "admin").await?);
    let client = stack.client()?;
    Ok((stack, client.with_api_key(&demo), client.with_api_key(&shop)))
}

/// Moves the clock as nobody but a test can.
async fn move_clock(stack: &Stack, to: &str) -> Result<()> {
    let moved = sqlx::query("UPDATE test_clocks SET now = $1::text::timestamptz").bind(to);
    moved.execute(stack.db()).await?;
    Ok(())
}

#[tokio::test]
async fn a_clock_is_shown_to_its_client_and_live_ones_have_none() -> Result<()> {
    let (stack, demo, shop) = start().await?;
    let clock = demo.get("/test-clock").await?.json(200)?;
    assert_eq!(clock, json!({"now": JANUARY, "target": null}));
    let query = "UPDATE test_clocks SET target = '2026-02-28T00:00:00Z', \
                 job_id = '00000000-0000-8000-8000-000000000001'";
    sqlx::query(query).execute(stack.db()).await?;
    let clock = demo.get("/test-clock").await?.json(200)?;
    assert_eq!(clock, json!({"now": JANUARY, "target": FEBRUARY}));
    shop.get("/test-clock").await?.problem(403, "not_a_test_client")?;
    stack.client()?.get("/test-clock").await?.problem(401, "unauthenticated")?;
    stack.done().await
}

#[tokio::test]
async fn what_a_test_client_does_and_sees_is_told_by_its_clock() -> Result<()> {
    let (stack, demo, _) = start().await?;
    let ada = demo.post("/users", &fresh_key(), &json!({"email": "ada@a.org"})).await?;
    let ada = ada.json(201)?;
    assert_eq!(ada["created_at"], JANUARY);
    let (user, key) = (integer_of(&ada, "id")?, fresh_key());
    let body = json!({"user_id": user, "plan": "monthly"});
    let first = demo.post("/subscribe", &key, &body).await?;
    let bought = first.json(201)?;
    let dates = ["start_date", "end_date", "created_at", "updated_at"].map(|name| &bought[name]);
    assert_eq!(dates, [JANUARY, FEBRUARY, JANUARY, JANUARY]);
    demo.post("/subscribe", &key, &body).await?.ensure_replay_of(&first)?;

    // The real time is long past its end.
    assert_eq!(demo.latest_subscription(user).await?, bought);
    let path = format!("/subscription/{}", bought["id"]);
    assert_eq!(demo.get(&path).await?.json(200)?, bought);
    let path = format!("/users/{user}/entitlement");
    let answer = demo.send(demo.request(Method::GET, &path).header("if-none-match", "*")).await?;
    let headers = (answer.header("cache-control"), answer.header("etag"));
    assert_eq!(headers, (Some("no-store"), None));
    let entitlement = answer.json(200)?;
    let shown = ["entitled", "status", "until", "as_of"].map(|name| &entitlement[name]);
    assert_eq!(shown, [&json!(true), &json!("active"), &json!(FEBRUARY), &json!(JANUARY)]);

    move_clock(&stack, FEBRUARY).await?;
    let entitlement = demo.get(&path).await?.json(200)?;
    let shown = ["entitled", "status", "until", "as_of"].map(|name| &entitlement[name]);
    assert_eq!(shown, [&json!(false), &json!("expired"), &Value::Null, &json!(FEBRUARY)]);
    assert_eq!(demo.latest_subscription(user).await?["status"], "expired");
    demo.post("/subscribe", &key, &body).await?.ensure_replay_of(&first)?;
    let again = demo.post("/subscribe", &fresh_key(), &body).await?.json(201)?;
    assert_eq!(again["start_date"], FEBRUARY);
    stack.done().await
}

#[tokio::test]
async fn a_job_is_submitted_at_the_real_time_and_finished_at_that_of_the_client() -> Result<()> {
    let (stack, demo, shop) = start().await?;
    for client in [&demo, &shop] {
        let body = json!({"email": "ada@a.org"});
        let id = client.submit("/users", &fresh_key(), &body).await?;
        let fresh = client.finished_job(&id, SOON).await?;
        assert_eq!(fresh["result"]["created_at"], fresh["finished_at"]);
        // From the command log.
        stack.lose_record(&id).await?;
        assert_eq!(client.job(&id).await?, fresh);
        let is_before = fresh["submitted_at"].as_str() <= fresh["finished_at"].as_str();
        assert_eq!(is_before, fresh["finished_at"] != JANUARY, "{fresh}");
    }
    let virtual_ones = "SELECT count(*) FROM transactions WHERE submitted_at > finished_at";
    assert_eq!(stack.count(virtual_ones).await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_gift_of_a_test_client_lives_by_its_clock() -> Result<()> {
    let (stack, demo, _) = start().await?;
    let ada = demo.create_user("ada@a.org").await?;
    let gift = demo.give(ada, "ada@a.org", 3).await?;
    assert_eq!((&gift["created_at"], &gift["status"]), (&json!(JANUARY), &json!("pending")));
    assert_eq!(gift["expires_at"], "2026-03-02T00:00:00.000000Z");
    let path = format!("/gifts/{}", gift["id"]);
    assert_eq!(demo.get(&path).await?.json(200)?, gift);

    move_clock(&stack, "2026-03-01T23:59:59.999999Z").await?;
    assert_eq!(demo.get(&path).await?.json(200)?["status"], "pending");
    move_clock(&stack, "2026-03-02T00:00:00Z").await?;
    assert_eq!(demo.get(&path).await?.json(200)?["status"], "expired");
    demo.redeem(&gift["id"], ada).await?.refusal(410, "gift_expired")?;
    stack.done().await
}

#[tokio::test]
async fn plans_of_a_test_client_are_retired_at_its_time() -> Result<()> {
    let (stack, demo, _) = start().await?;
    let gold = json!({"name": "Gold", "tier": "gold", "interval": "month",
                      "price": {"amount": 0, "currency": "USD"}});
    demo.send(demo.request(Method::PUT, "/plans/gold").json(&gold)).await?.json(201)?;
    let retired = demo.post("/plans/gold/retire", &fresh_key(), &json!({})).await?.json(200)?;
    assert_eq!(retired["retired_at"], JANUARY);
    stack.done().await
}

/// All of them are due by the real time.
#[tokio::test]
async fn workers_mark_what_is_due_of_live_clients_only() -> Result<()> {
    let (stack, demo, shop) = start().await?;
    let mut bought = Vec::new();
    for client in [&demo, &shop] {
        let ada = client.create_user("ada@a.org").await?;
        bought.push(integer_of(&client.subscribe(ada, 1).await?, "id")?);
        let gift = integer_of(&client.give(ada, "bea@a.org", 1).await?, "id")?;
        stack.end_gift(gift).await?;
    }
    let [_, of_shop] = bought[..] else { unreachable!("two are bought") };
    stack.end_subscription(of_shop).await?;
    eventually_true("those of the live client are marked", SOON, async || {
        let marked = "SELECT (SELECT count(*) FROM subscriptions WHERE status = 'expired') \
                      + (SELECT count(*) FROM gifts WHERE status = 'expired')";
        Ok(stack.count(marked).await? == 2)
    })
    .await?;
    let left = "SELECT (SELECT count(*) FROM subscriptions \
                        WHERE status = 'active' AND NOT livemode AND due_at < now()) \
                + (SELECT count(*) FROM gifts \
                   WHERE status = 'pending' AND NOT livemode AND due_at < now())";
    assert_eq!(stack.count(left).await?, 2);
    stack.done().await
}

/// A status is looked for as it is, whether or not a worker has marked it.
#[tokio::test]
async fn the_subscriptions_of_a_client_are_listed_by_status_and_plan() -> Result<()> {
    let (stack, demo, shop) = start().await?;
    let mut bought = Vec::new();
    for (name, plan) in [("ada", "monthly"), ("bea", "yearly"), ("cid", "monthly")] {
        let user = demo.create_user(&format!("{name}@a.org")).await?;
        let body = json!({"user_id": user, "plan": plan});
        let subscription = demo.post("/subscribe", &fresh_key(), &body).await?.json(201)?;
        bought.push(integer_of(&subscription, "id")?);
    }
    let listed = async |query: &str| -> Result<(Vec<i64>, bool)> {
        let page = demo.get(&format!("/subscriptions{query}")).await?.json(200)?;
        let rows = page["subscriptions"].as_array().cloned().unwrap_or_default();
        let ids = rows.iter().map(|row| integer_of(row, "id")).collect::<Result<_>>()?;
        Ok((ids, page["has_more"] == true))
    };
    let [ada, bea, cid] = bought[..] else { anyhow::bail!("{bought:?}") };
    assert_eq!(listed("").await?, (vec![cid, bea, ada], false));
    assert_eq!(listed("?limit=2").await?, (vec![cid, bea], true));
    assert_eq!(listed(&format!("?starting_after={bea}")).await?, (vec![ada], false));
    assert_eq!(listed("?plan=monthly&status=active").await?, (vec![cid, ada], false));
    assert_eq!(listed("?plan=monthly&status=active&limit=1").await?, (vec![cid], true));

    demo.post("/cancel", &fresh_key(), &json!({"subscription_id": cid})).await?.json(200)?;
    move_clock(&stack, FEBRUARY).await?;
    assert_eq!(listed("?status=expired").await?, (vec![ada], false));
    assert_eq!(listed("?status=active").await?, (vec![bea], false));
    assert_eq!(listed("?status=cancelled&plan=monthly").await?, (vec![cid], false));
    let others = shop.get("/subscriptions").await?.json(200)?;
    assert_eq!(others, json!({"subscriptions": [], "has_more": false}));
    for query in ["status=running", "plan=", "limit=0", "starting_after=x"] {
        demo.get(&format!("/subscriptions?{query}")).await?.problem(400, "invalid_request")?;
    }
    stack.done().await
}
