//! Redis or Postgres goes away, or hangs, and comes back.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{
    Answer, Client, Signal, Stack, WithDatabase, eventually_true, fresh_key, integer_of, text_of,
};
use serde_json::json;

const BOUND: Duration = Duration::from_secs(5);
const RECOVERY: Duration = Duration::from_secs(30);

/// Runs a request that must be answered within the bound.
async fn bounded(request: impl Future<Output = Result<Answer>>) -> Result<Answer> {
    let begun = Instant::now();
    let answer = request.await?;
    let took = begun.elapsed();
    ensure!(took < BOUND, "{took:?} for {answer}");
    Ok(answer)
}

async fn ensure_queue_unavailable(client: &Client) -> Result<()> {
    let body = json!({"email": "ada@example.com"});
    let answer = bounded(client.post("/users", "k", &body)).await?;
    answer.problem(503, "queue_unavailable")?;
    assert!(answer.number("retry-after")? >= 1);
    let health = bounded(client.get("/health")).await?;
    ensure!(health.status == 503, "{health}");
    let health: serde_json::Value = serde_json::from_slice(&health.body)?;
    assert_ne!(health.get("redis"), health.get("database"), "one is down, one is not: {health}");
    Ok(())
}

async fn ensure_recovers(stack: &mut Stack) -> Result<()> {
    let client = stack.client()?;
    let worker = stack.worker(0)?.client()?;
    eventually_true("all are healthy", RECOVERY, async || {
        Ok(client.get("/health").await?.status == 200 && worker.get("/health").await?.status == 200)
    })
    .await
}

#[tokio::test]
async fn without_redis_submissions_are_refused_until_it_returns() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let known = client.create_user("known@example.com").await?;
    for _ in 0..2 {
        stack.redis().stop().await?;
        ensure_queue_unavailable(&client).await?;
        ensure_queue_unavailable(&client).await?;
        // Reads need Postgres only.
        bounded(client.get(&format!("/users/{known}"))).await?.json(200)?;
        stack.redis().resume().await?;
        ensure_recovers(&mut stack).await?;
    }
    // The same key works now: nothing had happened.
    let answer = client.post("/users", "k", &json!({"email": "ada@example.com"})).await?;
    answer.json(201)?;
    assert!(!answer.replayed());
    client.create_user("bob@example.com").await?;
    stack.done().await
}

#[tokio::test]
async fn a_redis_that_hangs_is_as_good_as_none() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    client.create_user("known@example.com").await?;
    stack.redis().signal(Signal::Stop)?;
    ensure_queue_unavailable(&client).await?;
    stack.redis().signal(Signal::Continue)?;
    ensure_recovers(&mut stack).await?;
    // What Redis read before it woke may have been admitted after all: once, in any case.
    client.post("/users", "k", &json!({"email": "ada@example.com"})).await?.json(201)?;
    client.create_user("bob@example.com").await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 3);
    stack.done().await
}

#[tokio::test]
async fn a_request_that_waits_when_redis_goes_is_not_left_hanging() -> Result<()> {
    let mut stack = Stack::builder().workers(0).durable_redis().start().await?;
    let client = stack.client()?;
    let body = json!({"email": "ada@example.com"});
    let id = client.submit("/users", "k", &body).await?;
    let polling = tokio::spawn({
        let (client, path) = (client.clone(), format!("/jobs/{id}?wait=4"));
        async move { client.get(&path).await }
    });
    let idle = stack.redis().key_count().await?;
    let waiting = tokio::spawn({
        let (client, body) = (client.clone(), json!({"email": "bob@example.com"}));
        async move { client.post_preferring("wait=4", "/users", "k2", &body).await }
    });
    stack.redis().wait_for_more_keys_than(idle).await?;
    stack.redis().stop().await?;
    for answer in [waiting.await??, polling.await??] {
        // A job that is still there, or a problem that says try again.
        match answer.status {
            200 | 202 => drop(text_of(&answer.json(answer.status)?, "status")?.to_owned()),
            _ => drop(answer.problem(503, "queue_unavailable")?),
        }
    }
    stack.redis().resume().await?;
    stack.start_worker().await?;
    eventually_true("the job is done", RECOVERY, async || {
        Ok(client.job(&id).await?["status"] == "succeeded")
    })
    .await?;
    stack.done().await
}

async fn ensure_postgres_is_missed(client: &Client) -> Result<()> {
    for path in ["/users/1", "/subscriptions/1", "/gifts/1"] {
        let answer = bounded(client.get(path)).await?;
        answer.problem(503, "storage_unavailable")?;
        assert!(answer.number("retry-after")? >= 1);
        assert!(!answer.text().contains("sqlx") && !answer.text().contains("127.0.0.1"));
    }
    let health = bounded(client.get("/health")).await?;
    ensure!(health.status == 503, "{health}");
    Ok(())
}

#[tokio::test]
async fn without_postgres_submissions_are_accepted_and_done_when_it_returns() -> Result<()> {
    let mut stack =
        Stack::builder().postgres_proxy().api("RESPONSE_WAIT_MS", 1_000).start().await?;
    let client = stack.client()?;
    let user = client.create_user("known@example.com").await?;

    stack.proxy()?.cut();
    ensure_postgres_is_missed(&client).await?;
    let mut jobs = Vec::new();
    for index in 0..5 {
        let body = json!({"email": format!("user{index}@example.com")});
        let answer = bounded(client.post("/users", &format!("k{index}"), &body)).await?;
        jobs.push(text_of(&answer.json(202)?, "id")?.to_owned());
    }
    let worker = stack.worker(0)?.client()?;
    eventually_true("the worker is unwell", RECOVERY, async || {
        Ok(worker.get("/health").await?.status == 503)
    })
    .await?;

    stack.proxy()?.restore();
    ensure_recovers(&mut stack).await?;
    for id in &jobs {
        let job = client.finished_job(id, RECOVERY).await?;
        assert_eq!(job["status"], "succeeded");
        assert_eq!(job["attempts"], 1, "an outage burns no attempt: {job}");
    }
    client.get(&format!("/users/{user}")).await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn a_postgres_that_hangs_is_as_good_as_none() -> Result<()> {
    let mut stack =
        Stack::builder().postgres_proxy().api("RESPONSE_WAIT_MS", 1_000).start().await?;
    let client = stack.client()?;
    client.create_user("known@example.com").await?;
    stack.proxy()?.freeze();
    ensure_postgres_is_missed(&client).await?;
    let body = json!({"email": "ada@example.com"});
    let answer = bounded(client.post("/users", "k", &body)).await?;
    let id = text_of(&answer.json(202)?, "id")?.to_owned();

    stack.proxy()?.restore();
    ensure_recovers(&mut stack).await?;
    let job = client.finished_job(&id, RECOVERY).await?;
    assert_eq!(job["status"], "succeeded");
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 2);
    stack.done().await
}

#[tokio::test]
async fn connections_that_postgres_closes_are_opened_again() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    for index in 0..5 {
        let query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
        stack.count(query).await?;
        // As after a restart of Postgres: the jobs are done, and a read is at worst a 503 once.
        let email = format!("user{index}@example.com");
        let answer = client.post("/users", &fresh_key(), &json!({"email": email})).await?;
        let id = integer_of(&answer.json(201)?, "id")?;
        eventually_true("reads go on", RECOVERY, async || {
            let answer = client.get(&format!("/users/{id}")).await?;
            ensure!([200, 503].contains(&answer.status), "{answer}");
            Ok(answer.status == 200)
        })
        .await?;
    }
    let retried = "SELECT count(*) FROM transactions WHERE attempts > 1";
    assert_eq!(stack.count(retried).await?, 0, "an outage burns no attempt");
    stack.done().await
}

#[tokio::test]
async fn a_redis_restarted_without_its_scripts_and_data_serves_on() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    client.create_user("ada@example.com").await?;
    let mut connection = stack.redis().connect().await?;
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await?;
    client.create_user("bob@example.com").await?;

    // Our Redis is not durable here: it comes back empty.
    stack.redis().stop().await?;
    stack.redis().resume().await?;
    ensure_recovers(&mut stack).await?;
    client.create_user("eve@example.com").await?;
    stack.done().await
}

#[tokio::test]
async fn a_lost_subscription_delays_an_answer_and_loses_none() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let idle = stack.redis().key_count().await?;
    let waiting = tokio::spawn(async move {
        client.post("/users", "k", &json!({"email": "ada@example.com"})).await
    });
    stack.redis().wait_for_more_keys_than(idle).await?;
    let mut connection = stack.redis().connect().await?;
    let mut kill = redis::cmd("CLIENT");
    let killed: i64 = kill.arg(&["KILL", "TYPE", "pubsub"]).query_async(&mut connection).await?;
    assert!(killed > 0, "the api has a subscription");
    stack.start_worker().await?;
    let begun = Instant::now();
    waiting.await??.json(201)?;
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    stack.done().await
}

/// Breaks a running Redis by a command: submissions are refused until another mends it.
async fn ensure_bad_redis_is_missed(broken: &[&str], mended: &[&str]) -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let mut connection = stack.redis().connect().await?;
    let mut tell = async |command: &[&str]| {
        let (name, args) = command.split_first().context("no command")?;
        anyhow::Ok(redis::cmd(name).arg(args).exec_async(&mut connection).await?)
    };
    tell(broken).await?;
    let body = json!({"email": "ada@example.com"});
    let answer = bounded(client.post("/users", "k", &body)).await?;
    answer.problem(503, "queue_unavailable")?;
    assert!(answer.number("retry-after")? >= 1);
    tell(mended).await?;
    eventually_true("it works again", RECOVERY, async || {
        Ok(client.post("/users", "k", &body).await?.status == 201)
    })
    .await?;
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn a_redis_that_became_a_replica_is_as_good_as_none() -> Result<()> {
    ensure_bad_redis_is_missed(&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]).await
}

#[tokio::test]
async fn a_redis_without_room_is_as_good_as_none() -> Result<()> {
    let maxmemory = |size| ["CONFIG", "SET", "maxmemory", size];
    ensure_bad_redis_is_missed(&maxmemory("1"), &maxmemory("0")).await
}

#[tokio::test]
async fn a_postgres_that_only_reads_is_an_outage_too() -> Result<()> {
    let stack = Stack::builder().api("RESPONSE_WAIT_MS", 1_000).start().await?;
    let client = stack.client()?;
    let user = client.create_user("known@example.com").await?;
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(stack.db()).await?;
    let end_sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let read_only = async |on: bool| {
        let statement = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        let mut admin = stack.db().begin().await?;
        sqlx::query("SET TRANSACTION READ WRITE").execute(&mut *admin).await?;
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *admin).await?;
        admin.commit().await?;
        // New sessions only obey it: as after a failover.
        stack.count(end_sessions).await?;
        anyhow::Ok(())
    };
    read_only(true).await?;
    let answer = client.post("/users", "k", &json!({"email": "ada@example.com"})).await?;
    let id = text_of(&answer.json(202)?, "id")?.to_owned();
    eventually_true("reads go on", RECOVERY, async || {
        Ok(client.get(&format!("/users/{user}")).await?.status == 200)
    })
    .await?;
    read_only(false).await?;
    let job = client.finished_job(&id, RECOVERY).await?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)));
    stack.done().await
}
