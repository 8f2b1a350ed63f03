//! POST /test-clock/advance, and jobs whose answer comes later than their decision.

use crate::accepted::age;
use crate::kept::ensure_kept;
use crate::stack::{Builder, Stack};
use anyhow::Result;
use e2e::{Client, WithDatabase, eventually_true, fresh_key, integer_of};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);
const MARCH: &str = "2026-03-01T00:00:00.000000Z";

/// A test client at the end of January 2026.
async fn start(builder: Builder) -> Result<(Stack, Client)> {
    let stack = builder.api("API_AUTH", "required").start().await?;
    stack.create_test_client("demo", "2026-01-31T00:00:00Z").await?;
    let key = stack.create_key("demo", "write").await?;
    let client = stack.client()?.with_api_key(&key);
    Ok((stack, client))
}

/// A user with a monthly subscription, however short the wait of the api is.
async fn subscribed(client: &Client) -> Result<i64> {
    let post = async |path: &str, body: Value| {
        let answer = client.post_preferring("wait=30", path, &fresh_key(), &body).await?;
        integer_of(&answer.json(201)?, "id")
    };
    let user = post("/users", json!({"email": format!("{}@a.org", fresh_key())})).await?;
    post("/subscribe", json!({"user_id": user, "plan": "monthly"})).await
}

fn to(instant: &str) -> Value {
    json!({"to": instant})
}

/// Keeps every advance from getting on, as long as something is due on its way.
async fn hold(stack: &Stack) -> Result<Transaction<'static, Postgres>> {
    let mut held = stack.db().begin().await?;
    sqlx::raw_sql("SELECT FROM subscriptions FOR UPDATE").execute(&mut *held).await?;
    Ok(held)
}

/// Waits until the command of that job is decided and its task let go of.
async fn until_let_go(stack: &Stack, job: &str) -> Result<()> {
    eventually_true("the task is let go of", SOON, async || {
        Ok(stack.record(job).await?.first() == Some(&b'r'))
    })
    .await
}

#[tokio::test]
async fn all_that_becomes_due_on_the_way_is_done_and_counted() -> Result<()> {
    let (stack, client) = start(Stack::builder()).await?;
    let user = client.create_user("ada@example.com").await?;
    let body = json!({"user_id": user, "plan": "monthly", "auto_renew": true});
    client.post("/subscribe", &fresh_key(), &body).await?.json(201)?;
    let moved = client.post("/test-clock/advance", "a", &to("2026-12-31T00:00:00Z")).await?;
    assert_eq!(moved.json(200)?, json!({"now": "2026-12-31T00:00:00.000000Z", "steps": 11}));
    assert!(!moved.replayed());
    client
        .post("/test-clock/advance", "a", &to("2026-12-31T00:00:00Z"))
        .await?
        .ensure_replay_of(&moved)?;
    let shown = client.latest_subscription(user).await?;
    assert_eq!(shown["end_date"], "2027-01-31T00:00:00.000000Z");
    assert_eq!(client.get("/test-clock").await?.json(200)?["target"], Value::Null);
    // Where it stands is no way at all, and the next command is taken at once.
    let stands = client.post("/test-clock/advance", "b", &to("2026-12-31T00:00:00Z")).await?;
    assert_eq!(stands.json(200)?["steps"], 0);
    client.create_user("bea@example.com").await?;
    assert_eq!(stack.count("SELECT count(*) FROM effects").await?, 0);
    stack.done().await
}

#[tokio::test]
async fn what_cannot_be_is_refused() -> Result<()> {
    let (stack, client) = start(Stack::builder()).await?;
    let ask =
        async |instant: &str| client.post("/test-clock/advance", &fresh_key(), &to(instant)).await;
    let back = ask("2026-01-30T23:59:59.999999Z").await?.refusal(422, "clock_backwards")?;
    assert_eq!(back["now"], "2026-01-31T00:00:00.000000Z");
    ask("2031-01-31T00:00:00.000001Z").await?.refusal(422, "clock_too_far")?;
    assert_eq!(ask("yesterday").await?.invalid_fields()?, ["to"]);
    let shop = stack.client()?.with_api_key(&stack.create_key("shop", "write").await?);
    let advance = shop.post("/test-clock/advance", &fresh_key(), &to(MARCH)).await?;
    advance.refusal(403, "not_a_test_client")?;
    let reader = stack.client()?.with_api_key(&stack.create_key("demo", "read").await?);
    let advance = reader.post("/test-clock/advance", &fresh_key(), &to(MARCH)).await?;
    advance.problem(403, "insufficient_scope")?;
    stack.done().await
}

#[tokio::test]
async fn a_job_whose_answer_comes_later_runs_without_a_worker() -> Result<()> {
    let builder = Stack::builder().api("RESPONSE_WAIT_MS", 1_000).api("PAYMENT_WAIT_MS", 2_000);
    let (stack, client) = start(builder).await?;
    subscribed(&client).await?;
    let held = hold(&stack).await?;
    let id = client.submit("/test-clock/advance", "k", &to(MARCH)).await?;
    until_let_go(&stack, &id).await?;
    let running = client.get(&format!("/jobs/{id}")).await?;
    let joined = client.post("/test-clock/advance", "k", &to(MARCH)).await?;
    // One that was noted while the job was being decided is as good as decided, too.
    age(&stack).await?;
    eventually_true("no promise is left", SOON, async || {
        Ok(stack.count("SELECT count(*) FROM accepted_jobs").await? == 0)
    })
    .await?;
    held.rollback().await?;
    client.finished_job(&id, SOON).await?;
    let finished = client.get(&format!("/jobs/{id}")).await?;
    let replay = client.post("/test-clock/advance", "k", &to(MARCH)).await?;
    ensure_kept("job_awaits_effect", &[&running, &joined, &finished, &replay]);
    stack.done().await
}

#[tokio::test]
async fn a_submission_waits_on_only_if_the_answer_is_to_come_from_outside() -> Result<()> {
    let builder = Stack::builder().api("RESPONSE_WAIT_MS", 1_000).api("PAYMENT_WAIT_MS", 20_000);
    let (stack, client) = start(builder).await?;
    subscribed(&client).await?;
    let held = hold(&stack).await?;
    let asking = {
        let client = client.clone();
        tokio::spawn(async move { client.post("/test-clock/advance", "k", &to(MARCH)).await })
    };
    eventually_true("it is decided", SOON, async || {
        Ok(stack.count("SELECT count(*) FROM transactions WHERE status IS NULL").await? == 1)
    })
    .await?;
    held.rollback().await?;
    let answer = asking.await??;
    assert_eq!(answer.json(200)?["steps"], 1);
    assert!(!answer.replayed());
    // What a client prefers holds for both waits.
    subscribed(&client).await?;
    let held = hold(&stack).await?;
    let begun = Instant::now();
    let (path, april) = ("/test-clock/advance", to("2026-04-30T00:00:00Z"));
    client.submit(path, "async", &april).await?;
    client.post_preferring("wait=1", path, "async", &april).await?.json(202)?;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    held.rollback().await?;
    stack.done().await
}

#[tokio::test]
async fn other_commands_wait_outside_while_the_clock_is_on_its_way() -> Result<()> {
    let (stack, client) = start(Stack::builder().api("RESPONSE_WAIT_MS", 1_000)).await?;
    let subscription = subscribed(&client).await?;
    let body = json!({"email": "known@example.com"});
    let known = client.post("/users", "known", &body).await?;
    let held = hold(&stack).await?;
    let id = client.submit("/test-clock/advance", "k", &to(MARCH)).await?;
    until_let_go(&stack, &id).await?;

    let busy = client.post("/users", "busy", &json!({"email": "new@example.com"})).await?;
    assert_eq!(busy.problem(503, "clock_advancing")?["retry"], "same_key");
    assert_eq!(busy.header("retry-after"), Some("1"));
    client
        .post("/test-clock/advance", "second", &to("2026-04-01T00:00:00Z"))
        .await?
        .refusal(409, "clock_advancing")?;
    client.post("/users", "known", &body).await?.ensure_replay_of(&known)?;
    client
        .post("/users", "known", &json!({"email": "x@a.org"}))
        .await?
        .problem(422, "idempotency_key_reused")?;
    client.get(&format!("/subscription/{subscription}")).await?.json(200)?;
    assert_eq!(client.get("/test-clock").await?.json(200)?["target"], MARCH);
    // Also when Redis knows nothing any more.
    stack.lose_queue().await?;
    client.post("/users", "known", &body).await?.ensure_replay_of(&known)?;
    let busy = client.post("/users", "busy", &json!({"email": "new@example.com"})).await?;
    busy.problem(503, "clock_advancing")?;
    // A live client is not concerned.
    let shop = stack.client()?.with_api_key(&stack.create_key("shop", "write").await?);
    shop.create_user("live@example.com").await?;

    held.rollback().await?;
    client.finished_job(&id, SOON).await?;
    client.post("/users", "busy", &json!({"email": "new@example.com"})).await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn neither_a_lost_publication_nor_a_lost_redis_matters() -> Result<()> {
    let builder = Stack::builder().api("RESPONSE_WAIT_MS", 1_000).api("PAYMENT_WAIT_MS", 20_000);
    let (stack, client) = start(builder).await?;
    subscribed(&client).await?;
    let held = hold(&stack).await?;
    let id = client.submit("/test-clock/advance", "k", &to(MARCH)).await?;
    until_let_go(&stack, &id).await?;
    let waits = stack.record(&id).await?;

    // Redis forgets it: it is shown from the command log, and a retry is let go of again.
    stack.lose_queue().await?;
    let shown = client.job(&id).await?;
    assert_eq!((&shown["status"], &shown["attempts"]), (&json!("running"), &json!(1)));
    let again = client.post_preferring("wait=3", "/test-clock/advance", "k", &to(MARCH)).await?;
    assert_eq!(again.json(202)?["id"], json!(id));
    assert!(again.replayed(), "another request has begun it");
    until_let_go(&stack, &id).await?;
    assert_eq!(stack.count("SELECT count(*) FROM effects").await?, 1);
    held.rollback().await?;
    client.finished_job(&id, SOON).await?;

    // Redis has lost the answer, but not that the job waits for it.
    stack.put_record(&id, &waits).await?;
    assert_eq!(client.job(&id).await?["status"], "succeeded");
    let begun = Instant::now();
    let waited = client.get(&format!("/jobs/{id}?wait=20")).await?.json(200)?;
    let replay = client.post("/test-clock/advance", "k", &to(MARCH)).await?;
    assert_eq!(replay.json(200)?, waited["result"]);
    assert!(replay.replayed());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    stack.lose_queue().await?;
    assert_eq!(client.job(&id).await?, waited);
    let path = "/test-clock/advance";
    let replay = client.post_preferring("wait=30", path, "k", &to(MARCH)).await?;
    assert_eq!(replay.json(200)?, waited["result"]);
    assert!(replay.replayed());
    stack.done().await
}

/// The announcement is missed by who waits: it asks the command log once a second.
#[tokio::test]
async fn who_waits_does_not_depend_on_the_announcement() -> Result<()> {
    let builder = Stack::builder().api("RESPONSE_WAIT_MS", 1_000).api("PAYMENT_WAIT_MS", 20_000);
    let (stack, client) = start(builder).await?;
    subscribed(&client).await?;
    let held = hold(&stack).await?;
    let id = client.submit("/test-clock/advance", "k", &to(MARCH)).await?;
    until_let_go(&stack, &id).await?;
    let poll = {
        let (client, path) = (client.clone(), format!("/jobs/{id}?wait=30"));
        tokio::spawn(async move { client.get(&path).await })
    };
    let join = {
        let client = client.clone();
        tokio::spawn(async move { client.post("/test-clock/advance", "k", &to(MARCH)).await })
    };
    // Nobody announces what is written here.
    let answered = "UPDATE transactions SET status = 200, body = '{\"by\":\"hand\"}', \
                    entity_id = 1, finished_at = now() WHERE status IS NULL";
    sqlx::raw_sql(answered).execute(stack.db()).await?;
    assert_eq!(poll.await??.json(200)?["result"], json!({"by": "hand"}));
    let joined = join.await??;
    assert_eq!(joined.json(200)?, json!({"by": "hand"}));
    assert!(joined.replayed());
    held.rollback().await?;
    // A second settlement changes nothing.
    eventually_true("the clock stands", SOON, async || {
        Ok(client.get("/test-clock").await?.json(200)?["now"] == MARCH)
    })
    .await?;
    let replay = client.post("/test-clock/advance", "k", &to(MARCH)).await?;
    assert_eq!(replay.json(200)?, json!({"by": "hand"}));
    stack.done().await
}
