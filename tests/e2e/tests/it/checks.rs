//! The list at a start, which `api check` and `worker check` print, too.

use anyhow::Result;
use e2e::{Kind, Settings, Stack, WithDatabase, run_to_end};
use std::process::Output;
use support::run;

/// What is needed in Redis at least. docs/OPERATIONS.md has the same line.
const ACL: &str = "~commerce:* ~core:apalis:queues:list &commerce:outcomes* &tasks:commerce:* \
    -@all +del +evalsha +exists +expire +get +getrange +hdel +hexists +hget +hgetall +hmget \
    +hmset +hset +llen +lpush \
    +lrange +ltrim +mget +mset +pexpire +ping +publish +rpush +sadd +scard +script|load +set \
    +setrange +sismember +smembers +smismember \
    +srandmember +srem +subscribe +time +unlink +zadd +zcard \
    +zrange +zrangebyscore +zrem +zscore";

fn check(program: &str, settings: &Settings) -> Result<(bool, String)> {
    let Output { status, stdout, stderr } = run_to_end(program, &["check"], settings)?;
    let said = [stdout, stderr].concat();
    Ok((status.success(), String::from_utf8_lossy(&said).into_owned()))
}

/// Makes a user of Redis with these rights, and returns the URL for it.
async fn user(stack: &mut Stack, name: &str, rights: &str) -> Result<String> {
    let mut connection = stack.redis().connect().await?;
    run::<()>(&mut connection, &format!("ACL SETUSER {name} reset on >secret {rights}")).await;
    Ok(stack.redis().url().replace("redis://", &format!("redis://{name}:secret@")))
}

#[tokio::test]
async fn whoever_can_start_is_told_so() -> Result<()> {
    let stack = Stack::start().await?;
    for kind in [Kind::Api, Kind::Worker] {
        let (is_well, said) = check(kind.program(), &stack.settings(kind))?;
        assert!(is_well && !said.contains("wrong:"), "{said}");
    }
    stack.done().await
}

#[tokio::test]
async fn each_right_that_redis_does_not_give_is_named() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    for (number, (missing, named)) in [
        ("", ""),
        ("&commerce:outcomes*", "&commerce:outcomes"),
        ("&tasks:commerce:*", "&tasks:commerce:"),
        ("+rpush", "+rpush"),
        ("+lpush", "+lpush"),
        ("+zadd", "+zadd"),
        ("+publish", "+publish"),
        ("+subscribe", "+subscribe"),
        ("+script|load", "+script|load"),
        ("~commerce:*", "~commerce:job:none"),
    ]
    .into_iter()
    .enumerate()
    {
        let rights: Vec<&str> = ACL.split_whitespace().filter(|right| *right != missing).collect();
        let url = user(&mut stack, &format!("u{number}"), &rights.join(" ")).await?;
        for kind in [Kind::Api, Kind::Worker] {
            let settings = stack.settings(kind).with("REDIS_URL", &url);
            let (is_well, said) = check(kind.program(), &settings)?;
            assert_eq!(is_well, missing.is_empty(), "{missing}: {said}");
            assert!(said.contains(named) && !said.contains("secret"), "{missing}: {said}");
        }
    }
    stack.done().await
}

#[tokio::test]
async fn the_least_rights_are_enough() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let url = user(&mut stack, "least", ACL).await?;
    let settings = stack.settings(Kind::Worker).with("REDIS_URL", &url);
    let mut worker = stack.service_with(Kind::Worker, settings)?;
    worker.start().await?;
    let settings = stack.settings(Kind::Api).with("REDIS_URL", &url);
    let mut api = stack.start_api_with(settings).await?;
    api.client()?.create_user("ada@example.com").await?;
    api.stop(std::time::Duration::from_secs(30)).await?;
    worker.stop(std::time::Duration::from_secs(30)).await?;
    stack.done().await
}

#[tokio::test]
async fn all_is_said_at_once_and_each_line_has_its_cure() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let settings = stack
        .settings(Kind::Api)
        .with("API_ADDR", "0.0.0.0:0")
        .with("DATABASE_URL", "http://user:hidden-word@h/d")
        .with("REDIS_URL", "");
    for args in [&["check"][..], &[]] {
        let output = run_to_end("api", args, &settings)?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        for named in ["API_AUTH=open", "DATABASE_URL does not begin", "REDIS_URL is empty"] {
            assert!(said.contains(named), "{named}: {said}");
        }
        assert!(!output.status.success() && !said.contains("hidden-word"), "{said}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_postgres_that_may_lose_things_is_refused_unless_that_is_waived() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let lax = "ALTER ROLE CURRENT_USER IN DATABASE {name} SET synchronous_commit = off";
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(stack.db()).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(lax.replace("{name}", &name))).execute(stack.db()).await?;
    for kind in [Kind::Api, Kind::Worker] {
        for (durability, is_well) in [("required", false), ("waived", true)] {
            let settings = stack.settings(kind).with("DATABASE_DURABILITY", durability);
            let (started, said) = check(kind.program(), &settings)?;
            assert_eq!(started, is_well, "{said}");
            assert!(said.contains("synchronous_commit off"), "{said}");
        }
    }
    let normal = "ALTER ROLE CURRENT_USER IN DATABASE {name} RESET synchronous_commit";
    sqlx::raw_sql(sqlx::AssertSqlSafe(normal.replace("{name}", &name))).execute(stack.db()).await?;
    stack.done().await
}

#[tokio::test]
async fn rights_and_connections_of_postgres_are_added_up() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let role = format!("checks_{}", std::process::id());
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 6;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
         GRANT INSERT, UPDATE ON accepted_jobs, plans TO {role};
         GRANT INSERT ON plan_versions, audit, provider_inbox TO {role};
         GRANT UPDATE ON clients, simulated_charges TO {role};
         GRANT USAGE ON SEQUENCE plans_id_seq TO {role};"
    )))
    .execute(stack.db())
    .await?;
    let settings = |kind| {
        let settings = stack.settings(kind);
        let environment = settings.environment();
        let url = environment.iter().find(|(name, _)| name == "DATABASE_URL");
        let url = url.map_or(String::new(), |(_, url)| url.to_string_lossy().into_owned());
        let place = url.rsplit('@').next().unwrap_or_default().to_owned();
        settings.with("DATABASE_URL", format!("postgres://{role}:secret@{place}"))
    };
    let (is_well, said) = check("api", &settings(Kind::Api))?;
    assert!(is_well && said.contains("6 connections"), "{said}");
    let (is_well, said) = check("worker", &settings(Kind::Worker))?;
    assert!(!is_well && said.contains("INSERT on transactions"), "{said}");
    assert!(said.contains("USAGE on users_id_seq"), "{said}");
    assert!(said.contains("DELETE on accepted_jobs"), "{said}");
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(stack.db()).await?;
    stack.done().await
}
