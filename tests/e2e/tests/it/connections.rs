//! Connections to Redis that are silent, half dead, or lead to a server of the past; a Redis that
//! is full; and what health says of each.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Answer, Client, RedisServer, Stack, WithDatabase, eventually_true, text_of};
use serde_json::json;

/// What is promised when the way is free again.
const HEALED_WITHIN: Duration = Duration::from_secs(5);
const RECOVERY: Duration = Duration::from_secs(30);

async fn run(redis: &mut RedisServer, line: &str) -> Result<()> {
    let mut words = line.split(' ');
    let mut command = redis::cmd(words.next().unwrap_or_default());
    for word in words {
        command.arg(word);
    }
    Ok(command.exec_async(&mut redis.connect().await?).await?)
}

/// A submission that must be answered in time, whatever became of its connection.
async fn prompt(client: &Client, email: &str) -> Result<Answer> {
    let begun = Instant::now();
    let answer = client.post("/users", email, &json!({ "email": email })).await?;
    ensure!(begun.elapsed() < HEALED_WITHIN, "{:?} for {answer}", begun.elapsed());
    Ok(answer)
}

#[tokio::test]
async fn silent_connections_are_replaced_by_both_programs() -> Result<()> {
    let stack = Stack::builder().redis_proxy().start().await?;
    let client = stack.client()?;
    for round in 0..3 {
        stack.redis_proxy()?.silence();
        prompt(&client, &format!("a{round}@example.com")).await?.json(201)?;
        // From now on all is as fast as ever.
        eventually_true("it is fast again", HEALED_WITHIN, async || {
            let begun = Instant::now();
            let email = format!("{}@example.com", e2e::fresh_key());
            prompt(&client, &email).await?.json(201)?;
            Ok(begun.elapsed() < Duration::from_millis(500))
        })
        .await?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_silent_subscription_delays_answers_for_no_longer_than_it_takes_to_notice() -> Result<()>
{
    let stack = Stack::builder().redis_proxy().start().await?;
    let client = stack.client()?;
    client.create_user("known@example.com").await?;
    ensure!(stack.redis_proxy()?.silence_those_that_sent(b"SUBSCRIBE") == 2, "api and worker");
    prompt(&client, "ada@example.com").await?.json(201)?;
    eventually_true("answers are prompt again", HEALED_WITHIN, async || {
        let begun = Instant::now();
        prompt(&client, &format!("{}@example.com", e2e::fresh_key())).await?.json(201)?;
        Ok(begun.elapsed() < Duration::from_millis(500))
    })
    .await?;
    stack.done().await
}

#[tokio::test]
async fn both_programs_follow_the_address_to_a_promoted_replica() -> Result<()> {
    let mut stack = Stack::builder().redis_proxy().start().await?;
    let client = stack.client()?;
    client.create_user("known@example.com").await?;
    let old = stack.redis().address().replace(':', " ");
    let mut replica = RedisServer::start_temporary().await?;
    run(&mut replica, &format!("REPLICAOF {old}")).await?;
    eventually_true("it is in step", RECOVERY, async || {
        let mut role = redis::cmd("INFO");
        let role: String =
            role.arg("replication").query_async(&mut replica.connect().await?).await?;
        Ok(role.contains("master_link_status:up"))
    })
    .await?;

    // As a failover does it: one is promoted, the address moves, and the other is made a replica.
    run(&mut replica, "REPLICAOF NO ONE").await?;
    stack.redis_proxy()?.move_to(replica.address());
    let new = replica.address().replace(':', " ");
    run(stack.redis(), &format!("REPLICAOF {new}")).await?;
    prompt(&client, "ada@example.com").await?.json(201)?;
    client.get("/health").await?.json(200)?;
    prompt(&client, "bob@example.com").await?.json(201)?;
    let log = stack.worker(0)?.log_text();
    let restarts = log.matches("restarting it").count();
    ensure!(restarts <= 2, "{restarts} restarts");
    stack.done().await
}

#[tokio::test]
async fn while_the_address_leads_to_a_replica_health_says_so_and_no_worker_restarts() -> Result<()>
{
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let worker = stack.worker(0)?.client()?;
    run(stack.redis(), "REPLICAOF 127.0.0.1 1").await?;
    for program in [&client, &worker] {
        let health = program.get("/health").await?.json(503)?;
        ensure!(health["reasons"].to_string().contains("replica"), "{health}");
    }
    // Each call is made once more on a new connection, so these take some seconds.
    for _ in 0..20 {
        prompt(&client, "ada@example.com").await?.problem(503, "queue_unavailable")?;
    }
    let restarts = stack.worker(0)?.log_text().matches("restarting it").count();
    ensure!(restarts <= 1, "{restarts} restarts");
    run(stack.redis(), "REPLICAOF NO ONE").await?;
    eventually_true("it works again", HEALED_WITHIN, async || {
        Ok(prompt(&client, "ada@example.com").await?.status == 201)
    })
    .await?;
    client.get("/health").await?.json(200)?;
    stack.done().await
}

#[tokio::test]
async fn requests_do_not_notice_that_redis_closes_idle_connections() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    for index in 0..5 {
        run(stack.redis(), "CLIENT KILL TYPE normal").await?;
        prompt(&client, &format!("user{index}@example.com")).await?.json(201)?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_decided_job_is_answered_although_redis_hangs_at_the_last_look() -> Result<()> {
    let stack = Stack::builder().redis_proxy().start().await?;
    let client = stack.client()?;
    client.create_user("known@example.com").await?;
    ensure!(stack.redis_proxy()?.silence_those_that_sent(b"SUBSCRIBE") == 2, "api and worker");
    let waiting = tokio::spawn(async move {
        let body = json!({"email": "ada@example.com"});
        client.post_preferring("wait=4", "/users", "k", &body).await
    });
    eventually_true("it is decided", RECOVERY, async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? == 2)
    })
    .await?;
    stack.redis_proxy()?.freeze();
    let answer = waiting.await??;
    answer.json(201)?;
    ensure!(!answer.replayed(), "{answer}");
    stack.redis_proxy()?.restore();
    prompt(&stack.client()?, "bob@example.com").await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn a_full_redis_is_drained_by_a_worker_that_starts_then() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let mut jobs = Vec::new();
    for index in 0..100 {
        let body = json!({"email": format!("user{index}@example.com")});
        jobs.push(client.submit("/users", &format!("k{index}"), &body).await?);
    }
    run(stack.redis(), "CONFIG SET maxmemory 1").await?;
    prompt(&client, "late@example.com").await?.problem(503, "queue_unavailable")?;
    let health = client.get("/health").await?.json(503)?;
    ensure!(health["reasons"].to_string().contains("memory"), "{health}");
    stack.spawn_worker()?;
    for id in &jobs {
        let job = client.finished_job(id, RECOVERY).await?;
        assert_eq!(job["status"], "succeeded");
    }
    run(stack.redis(), "CONFIG SET maxmemory 0").await?;
    prompt(&client, "late@example.com").await?.json(201)?;
    stack.done().await
}

#[tokio::test]
async fn a_postgres_that_takes_no_writes_makes_both_programs_unwell() -> Result<()> {
    let mut stack = Stack::start().await?;
    let worker = stack.worker(0)?.client()?;
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(stack.db()).await?;
    let statement = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(stack.db()).await?;
    let end_sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    stack.count(end_sessions).await?;
    for program in [stack.client()?, worker] {
        let health = program.get("/health").await?.json(503)?;
        ensure!(text_of(&health, "database")? == "down", "{health}");
        ensure!(health["reasons"].to_string().contains("no writes"), "{health}");
    }
    Ok(())
}
