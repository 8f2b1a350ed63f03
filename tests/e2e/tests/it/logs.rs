//! A log that cannot be written costs no answer, and is counted.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use e2e::{Client, Kind, Service, Stack, concurrently, eventually_true};

const SOON: Duration = Duration::from_secs(2);

/// What is wrong with standard error.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// A pipe whose reader has gone.
    Closed,
    /// A pipe that nobody reads.
    Stuck,
    /// A file on a full disk.
    FullDisk,
}

/// A pipe, and the only reader of it, who does not read.
fn pipe(stack: &Stack, name: &str) -> Result<(PathBuf, File)> {
    let path = stack.folder().join(name);
    ensure!(Command::new("mkfifo").arg(&path).status()?.success(), "no pipe");
    // Opened for writing too, so that it need not wait for a writer.
    let reader = OpenOptions::new().read(true).write(true).open(&path)?;
    Ok((path, reader))
}

/// A service that logs much, and all of it to `log`.
fn service(stack: &Stack, kind: Kind, log: &Path) -> Result<Service> {
    let settings = stack.settings(kind).with("RUST_LOG", "trace");
    let script = format!("exec \"$0\" 2>'{}'", log.display());
    Ok(stack.service_with(kind, settings)?.under(&script))
}

async fn lost(client: &Client) -> Result<f64> {
    let page = client.get("/metrics").await?.text();
    let line = page.lines().find(|line| line.starts_with("commerce_log_lines_lost_total "));
    let line = line.with_context(|| format!("no count in\n{page}"))?;
    Ok(line.rsplit(' ').next().context("no value")?.parse()?)
}

/// Makes users, which api and worker log.
async fn make_users(api: &Client) -> Result<()> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let api = api.clone();
    let made = concurrently(100, 8, move |_| {
        let api = api.clone();
        let user = MADE.fetch_add(1, Ordering::Relaxed);
        async move { api.create_user(&format!("user{user}@example.com")).await }
    });
    made.await?;
    Ok(())
}

async fn check(trouble: Trouble) -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    let mut services = Vec::new();
    let mut readers = Vec::new();
    for kind in [Kind::Api, Kind::Worker] {
        let log = match trouble {
            Trouble::FullDisk => PathBuf::from("/dev/full"),
            Trouble::Closed | Trouble::Stuck => {
                let (path, reader) = pipe(&stack, kind.program())?;
                readers.push(reader);
                path
            }
        };
        let mut service = service(&stack, kind, &log)?;
        service.start().await?;
        services.push(service);
    }
    if matches!(trouble, Trouble::Closed) {
        readers.clear();
    }

    let api = services.first().context("an api")?.client()?;
    for service in &services {
        let client = service.client()?;
        let what = format!("{trouble:?}: lines are counted as lost");
        eventually_true(&what, Duration::from_secs(30), async || {
            make_users(&api).await?;
            Ok(lost(&client).await? > 0.0)
        })
        .await?;
        ensure!(client.get("/health").await?.status == 200, "{trouble:?}");
    }
    make_users(&api).await?;
    for service in &mut services {
        service.stop(SOON).await.with_context(|| format!("{trouble:?}"))?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_log_pipe_that_is_closed_costs_no_answer() -> Result<()> {
    check(Trouble::Closed).await
}

#[tokio::test]
async fn a_log_pipe_that_nobody_reads_costs_no_answer() -> Result<()> {
    check(Trouble::Stuck).await
}

#[tokio::test]
async fn a_log_on_a_full_disk_costs_no_answer() -> Result<()> {
    check(Trouble::FullDisk).await
}

#[tokio::test]
async fn what_stops_the_start_is_said_and_holds_up_nothing() -> Result<()> {
    let stack = Stack::builder().apis(0).workers(0).start().await?;
    let (log, reader) = pipe(&stack, "log")?;
    for kind in [Kind::Api, Kind::Worker] {
        // A port that is taken.
        let taken = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = stack.settings(kind).with("REDIS_URL", format!("redis://:x@{taken}"));
        let settings = settings.with("RUST_LOG", "trace");
        let script = format!("exec \"$0\" 2>'{}'", log.display());
        let mut service = stack.service_with(kind, settings)?.under(&script);
        service.spawn()?;
        let status = service.process()?.exit(Duration::from_secs(20)).await?;
        assert_eq!(status.code(), Some(1));
    }
    drop(reader);
    stack.done().await
}
