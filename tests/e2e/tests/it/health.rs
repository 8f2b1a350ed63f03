//! GET /health of both programs while all is well; `outages.rs` has the rest.

use anyhow::Result;
use e2e::{Kind, Stack, ensure_fields, ensure_utc, run_to_end};

#[tokio::test]
async fn a_healthy_api_says_so() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let health = stack.client()?.get("/health").await?.json(200)?;
    ensure_fields(&health, &["status", "database", "redis", "timestamp"])?;
    ensure_utc(&health["timestamp"])?;
    for part in ["status", "database", "redis"] {
        assert!(health[part].is_string(), "{health}");
    }
    stack.done().await
}

#[tokio::test]
async fn a_healthy_worker_says_so() -> Result<()> {
    let mut stack = Stack::builder().apis(0).start().await?;
    let client = stack.worker(0)?.client()?;
    let health = client.get("/health").await?.json(200)?;
    ensure_utc(&health["timestamp"])?;
    for part in ["status", "database", "redis"] {
        assert!(health[part].is_string(), "{health}");
    }
    stack.done().await
}

#[tokio::test]
async fn each_program_can_ask_after_itself() -> Result<()> {
    let mut stack = Stack::start().await?;
    let addresses = [
        (Kind::Api, "API_ADDR", stack.client()?.address()?),
        (Kind::Worker, "WORKER_ADDR", stack.worker(0)?.client()?.address()?),
    ];
    for (well, code) in [(true, Some(0)), (false, Some(1))] {
        if !well {
            stack.redis().stop().await?;
        }
        for (kind, setting, address) in addresses {
            let settings = stack.settings(kind).with(setting, address);
            let output = run_to_end(kind.program(), &["health"], &settings)?;
            assert_eq!(output.status.code(), code, "{}", kind.program());
        }
    }
    stack.redis().resume().await?;
    stack.done().await
}
