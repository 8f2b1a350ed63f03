//! SIGTERM while a process still waits for something at its start.

use std::time::Duration;

use anyhow::Result;
use e2e::{Kind, Settings, Signal, Stack, WithDatabase, eventually_true};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(2);

/// Starts the program, waits until it waits for something, and stops it.
async fn check(
    stack: &Stack,
    kind: Kind,
    settings: Settings,
    waits: impl AsyncFn() -> Result<()>,
) -> Result<()> {
    let mut service = stack.service_with(kind, settings)?;
    service.spawn()?;
    waits().await?;
    service.process()?.signal(Signal::Terminate)?;
    let status = service.process()?.exit(SOON).await?;
    assert_eq!(status.code(), Some(0), "{}", service.log_tail());
    assert!(service.log_text().contains("before it was ready"), "{}", service.log_tail());
    Ok(())
}

#[tokio::test]
async fn a_service_that_says_nothing_does_not_hold_up_a_stop() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    for kind in [Kind::Api, Kind::Worker] {
        for setting in ["DATABASE_URL", "REDIS_URL"] {
            let silent = TcpListener::bind("127.0.0.1:0").await?;
            let address = silent.local_addr()?;
            let scheme = if setting == "REDIS_URL" { "redis" } else { "postgres" };
            let url = format!("{scheme}://{address}/0");
            let settings = stack.settings(kind).with(setting, url);
            // The connection stays open.
            let accepted = std::cell::RefCell::new(Vec::new());
            let waits = async || {
                let connection = silent.accept().await?;
                accepted.borrow_mut().push(connection);
                Ok(())
            };
            check(&stack, kind, settings, waits).await?;
        }
    }
    stack.done().await
}

#[tokio::test]
async fn a_service_that_is_away_does_not_hold_up_a_stop() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    for kind in [Kind::Api, Kind::Worker] {
        for (setting, url) in
            [("DATABASE_URL", "postgres://127.0.0.1:1/none"), ("REDIS_URL", "redis://127.0.0.1:1")]
        {
            let settings = stack.settings(kind).with(setting, url);
            let mut service = stack.service_with(kind, settings)?;
            service.spawn()?;
            eventually_true("it waits", Duration::from_secs(20), async || {
                Ok(service.log_text().contains("waiting for"))
            })
            .await?;
            service.process()?.signal(Signal::Terminate)?;
            assert_eq!(service.process()?.exit(SOON).await?.code(), Some(0));
        }
    }
    stack.done().await
}

#[tokio::test]
async fn a_migration_lock_does_not_hold_up_a_stop() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    for kind in [Kind::Api, Kind::Worker] {
        let mut lock = stack.db().begin().await?;
        sqlx::query("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE")
            .execute(&mut *lock)
            .await?;
        let waits = async || stack.wait_for_blocked_statement().await;
        check(&stack, kind, stack.settings(kind), waits).await?;
        lock.rollback().await?;
    }
    stack.done().await
}
