//! The keys of jobs: at the command line, and while Postgres is away.

use anyhow::{Context, Result, ensure};
use domain::{ClientId, Fingerprint, IdempotencyKey, Instant, JobKey};
use e2e::{Kind, Stack, WithDatabase, eventually_true, run_to_end};
use queue::QueuedJob;
use sqlx::ConnectOptions;
use std::time::Duration;
use support::commands::create_user;

const SOON: Duration = Duration::from_secs(30);

/// Runs `worker secrets` as an operator does, and gives what it says.
fn secrets(stack: &Stack, args: &[&str]) -> Result<String> {
    let args = [&["secrets"], args].concat();
    let output = run_to_end("worker", &args, &stack.settings(Kind::Worker))?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The states of the keys, oldest first.
fn states(list: &str) -> Vec<&str> {
    list.lines().filter_map(|line| line.split_whitespace().nth(1)).collect()
}

#[tokio::test]
async fn keys_are_listed_without_their_secrets_and_rotated() -> Result<()> {
    let stack = Stack::start().await?;
    assert_eq!(states(&secrets(&stack, &["list"])?), ["signing"]);
    secrets(&stack, &["rotate"])?;
    assert_eq!(states(&secrets(&stack, &["list"])?), ["signing", "waiting"]);
    let older = "UPDATE job_keys SET created_at = created_at - interval '2 minutes'";
    sqlx::query(older).execute(stack.db()).await?;
    assert_eq!(states(&secrets(&stack, &["list"])?), ["verifying", "signing"]);
    let said = secrets(&stack, &["rotate", "--compromised"])?;
    assert!(said.contains("send them again"), "the costs are said: {said}");
    let list = secrets(&stack, &["list"])?;
    assert_eq!(states(&list), ["compromised", "compromised", "signing"]);

    let stored: Vec<String> = sqlx::query_scalar("SELECT encode(secret, 'hex') FROM job_keys")
        .fetch_all(stack.db())
        .await?;
    for secret in stored {
        assert!(!list.contains(&secret) && !said.contains(&secret));
    }
    stack.done().await
}

#[tokio::test]
async fn while_postgres_is_away_a_job_with_an_unknown_key_is_held() -> Result<()> {
    let mut stack = Stack::builder().postgres_proxy().start().await?;
    let new = "INSERT INTO job_keys (kid, secret) \
               VALUES ('new00000', decode(repeat('07', 32), 'hex'))";
    sqlx::query(new).execute(stack.db()).await?;
    let key = JobKey::new("new00000".to_owned(), &[7; 32], Instant::UNIX_EPOCH, false);
    let job = QueuedJob::new(
        ClientId::LOCAL,
        IdempotencyKey::parse(b"k")?,
        Fingerprint::of_request("POST", "/users", b"{}"),
        Instant::UNIX_EPOCH,
        create_user("ada@example.com"),
    );

    stack.proxy()?.cut();
    let (id, mut redis) = (job.id().to_string(), stack.redis().connect().await?);
    let meta = [("attempts", "0"), ("max_attempts", "25"), ("status", "Pending")];
    redis::pipe()
        .atomic()
        .hset("commerce:data", &id, job.sign(&key.context("a key")?))
        .hset_multiple(format!("commerce:meta:{id}"), &meta)
        .rpush("commerce:active", &id)
        .exec_async(&mut redis)
        .await?;
    let waits = "waiting for Postgres to check a job";
    eventually_true("the job is held", SOON, async || {
        Ok(stack.worker(0)?.log_text().matches(waits).count() > 2)
    })
    .await?;
    let dead: usize = redis::cmd("SCARD").arg("commerce:dead").query_async(&mut redis).await?;
    assert_eq!(dead, 0);

    stack.proxy()?.restore();
    eventually_true("the job is done", SOON, async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? == 1)
    })
    .await?;
    stack.done().await
}

/// The SQL that OPERATIONS.md gives the owner of the tables, for the role of a worker alone. Roles
/// belong to the whole server, so it has a name of its own.
fn grants_of_worker(role: &str) -> String {
    let after = include_str!("../../../../docs/OPERATIONS.md").split("```sql after-the-migration");
    let grants = after.last().and_then(|text| text.split("```").next()).unwrap_or_default();
    let grants = grants.replace(", commerce_api", "").replace("commerce_worker", role);
    grants.lines().filter(|line| !line.contains("commerce_api")).collect()
}

#[tokio::test]
async fn the_role_of_a_worker_lists_keys_and_leaves_rotating_to_the_owner() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    let role = format!("secrets_{}", std::process::id());
    let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; {}", grants_of_worker(&role));
    sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(stack.db()).await?;
    let options = stack.db().connect_options().as_ref().clone();
    let url = options.username(&role).password("secret").to_url_lossy();
    let as_worker = |args: &[&str]| {
        let settings = stack.settings(Kind::Worker).with("DATABASE_URL", &url);
        run_to_end("worker", &[&["secrets"], args].concat(), &settings)
    };
    let listed = as_worker(&["list"])?;
    ensure!(listed.status.success(), "{listed:?}");
    assert_eq!(states(&String::from_utf8(listed.stdout)?), ["signing"]);
    for args in [&["rotate"][..], &["rotate", "--compromised"]] {
        let refused = as_worker(args)?;
        let said = String::from_utf8(refused.stderr)?;
        assert!(!refused.status.success() && said.contains("with the role that owns"), "{said}");
    }
    assert_eq!(states(&secrets(&stack, &["list"])?), ["signing"]);
    secrets(&stack, &["rotate"])?;
    let listed = as_worker(&["list"])?;
    assert_eq!(states(&String::from_utf8(listed.stdout)?), ["signing", "waiting"]);
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(stack.db()).await?;
    stack.done().await
}
