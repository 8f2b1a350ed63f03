//! How the programs start, and when they refuse to.

use std::time::Duration;

use anyhow::Result;
use e2e::{Kind, Process, Settings, Signal, Stack, program, run_to_end};
use serde_json::json;

/// Starts a program that must refuse to run, and gives what it said.
async fn refusal(name: &str, settings: &Settings) -> Result<String> {
    let log = std::env::temp_dir().join(format!("e2e-{}-{}", std::process::id(), e2e::fresh_key()));
    let mut process = Process::spawn(&program(name)?, &[], settings, &log)?;
    let status = process.exit(Duration::from_secs(30)).await?;
    let said = std::fs::read_to_string(&log)?;
    std::fs::remove_file(&log)?;
    assert!(!status.success(), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    Ok(said)
}

#[tokio::test]
async fn an_open_api_refuses_any_address_but_loopback() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let settings = stack.settings(Kind::Api).with("API_ADDR", address);
        let said = refusal("api", &settings).await?;
        assert!(said.contains("API_AUTH") && said.to_lowercase().contains("loopback"), "{said}");
    }
    stack.done().await
}

#[tokio::test]
async fn keys_are_required_unless_the_operator_says_otherwise() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let settings = stack.settings(Kind::Api).without("API_AUTH");
    let mut api = stack.start_api_with(settings).await?;
    let client = api.client()?;
    let body = json!({"email": "ada@example.com"});
    client.post("/users", "k", &body).await?.problem(401, "unauthenticated")?;
    api.stop(Duration::from_secs(30)).await?;
    stack.done().await
}

#[tokio::test]
async fn a_missing_setting_is_named() -> Result<()> {
    let all = Settings::default()
        .with("DATABASE_URL", "postgres://127.0.0.1:1/none")
        .with("REDIS_URL", "redis://127.0.0.1:1");
    for name in ["api", "worker"] {
        for missing in ["DATABASE_URL", "REDIS_URL"] {
            let said = refusal(name, &all.clone().without(missing)).await?;
            assert!(said.contains(missing), "{name}: {said}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named_in_bounded_time() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let refused = async |kind: Kind, setting: &str, nowhere: &str| {
        let settings = stack.settings(kind).with(setting, nowhere);
        let said = refusal(kind.program(), &settings).await?;
        assert!(said.contains(setting) && !said.contains("hidden-word"), "{said}");
        anyhow::Ok(())
    };
    let postgres = ("DATABASE_URL", "postgres://user:hidden-word@127.0.0.1:1/none");
    let redis = ("REDIS_URL", "redis://:hidden-word@127.0.0.1:1");
    // All at once, for each waits for ten seconds.
    tokio::try_join!(
        refused(Kind::Api, postgres.0, postgres.1),
        refused(Kind::Api, redis.0, redis.1),
        refused(Kind::Worker, postgres.0, postgres.1),
        refused(Kind::Worker, redis.0, redis.1),
    )?;
    stack.done().await
}

#[tokio::test]
async fn a_value_that_makes_no_sense_is_named() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    for (kind, setting, value) in [
        (Kind::Api, "API_ADDR", "here"),
        (Kind::Api, "API_AUTH", "maybe"),
        (Kind::Api, "RATE_LIMIT_REQUESTS", "-1"),
        (Kind::Api, "RATE_LIMIT_WINDOW_SECONDS", "0"),
        (Kind::Worker, "WORKER_BATCH_MAX", "0"),
        (Kind::Worker, "SWEEP_INTERVAL_SECONDS", "0"),
        (Kind::Worker, "LOG_FORMAT", "xml"),
    ] {
        let settings = stack.settings(kind).with(setting, value);
        let said = refusal(kind.program(), &settings).await?;
        let flag = setting.to_lowercase().replace('_', "-");
        assert!(said.contains(setting) || said.contains(&flag), "{setting}: {said}");
    }
    stack.done().await
}

#[tokio::test]
async fn help_is_the_reference_of_the_settings() -> Result<()> {
    let both = ["DATABASE_URL", "REDIS_URL", "IDEMPOTENCY_TTL_SECONDS", "LOG_FORMAT", "RUST_LOG"];
    let api = [
        "API_ADDR",
        "API_AUTH",
        "RATE_LIMIT_REQUESTS",
        "RATE_LIMIT_WINDOW_SECONDS",
        "RESPONSE_WAIT_MS",
        "QUEUE_DEPTH_MAX",
    ];
    let worker = [
        "WORKER_ADDR",
        "WORKER_BATCH_MAX",
        "WORKER_ORPHAN_SECONDS",
        "SWEEP_INTERVAL_SECONDS",
        "GIFT_TTL_DAYS",
    ];
    for (name, own) in [("api", &api[..]), ("worker", &worker[..])] {
        let output = run_to_end(name, &["--help"], &Settings::default())?;
        assert!(output.status.success());
        let help = String::from_utf8_lossy(&output.stdout);
        for setting in both.iter().chain(own) {
            assert!(help.contains(setting), "{name}: no {setting} in {help}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn many_processes_may_migrate_one_fresh_database() -> Result<()> {
    let stack = Stack::builder().empty_database().apis(4).workers(4).start().await?;
    stack.client_of(3)?.create_user("ada@example.com").await?;
    stack.done().await
}

#[tokio::test]
async fn a_redis_that_may_forget_is_warned_of_and_no_other() -> Result<()> {
    let complaint = |log: &str| log.lines().any(|l| l.contains("WARN") && l.contains("append"));
    let mut forgetful = Stack::start().await?;
    assert!(complaint(&forgetful.api(0)?.log_text()), "{}", forgetful.api(0)?.log_text());
    assert!(complaint(&forgetful.worker(0)?.log_text()), "{}", forgetful.worker(0)?.log_text());
    forgetful.done().await?;

    let mut durable = Stack::builder().durable_redis().start().await?;
    assert!(!complaint(&durable.api(0)?.log_text()), "{}", durable.api(0)?.log_text());
    assert!(!complaint(&durable.worker(0)?.log_text()), "{}", durable.worker(0)?.log_text());
    durable.done().await
}

#[tokio::test]
async fn logs_can_be_json_and_never_tell_keys_or_bodies() -> Result<()> {
    let mut stack = Stack::builder()
        .api("API_AUTH", "required")
        .api("LOG_FORMAT", "json")
        .api("RUST_LOG", "debug")
        .worker("LOG_FORMAT", "json")
        .start()
        .await?;
    let api_key = stack.create_key("shop", "write")?;
    let secret = &api_key[13..];
    let client = stack.client()?.with_api_key(&api_key);
    let key = "a-key-that-is-long-enough-to-be-a-secret";
    let body = json!({"email": "secret-address@example.com"});
    client.post("/users", key, &body).await?.json(201)?;
    client.post("/users", key, &body).await?.json(201)?;
    // The same secret in a key that is none, and under a scheme that is none of ours.
    let unknown = client.with_api_key(&format!("sck_zzzzzzzz_{secret}"));
    unknown.get("/users/1").await?.problem(401, "unauthenticated")?;
    let basic = stack.client()?.request(reqwest::Method::GET, "/users/1");
    let answer = client.send(basic.header("authorization", format!("Basic {api_key}"))).await?;
    answer.problem(401, "unauthenticated")?;

    for log in [stack.api(0)?.log_text(), stack.worker(0)?.log_text()] {
        for line in log.lines() {
            let parsed: serde_json::Result<serde_json::Value> = serde_json::from_str(line);
            assert!(parsed.is_ok(), "not JSON: {line}");
        }
        for hidden in [key, secret, "secret-address"] {
            assert!(!log.contains(hidden), "{hidden} in {log}");
        }
    }
    stack.done().await
}

#[tokio::test]
async fn a_worker_needs_no_page() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let settings = stack.settings(Kind::Worker).with("WORKER_ADDR", "off");
    let log = std::env::temp_dir().join(format!("e2e-{}-off", std::process::id()));
    let mut worker = Process::spawn(&program("worker")?, &[], &settings, &log)?;
    stack.client()?.create_user("ada@example.com").await?;
    worker.signal(Signal::Terminate)?;
    assert!(worker.exit(Duration::from_secs(30)).await?.success());
    std::fs::remove_file(&log)?;
    stack.done().await
}
