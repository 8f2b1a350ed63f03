//! Processes whose clocks are wrong. Where there is no libfaketime, this says so and passes.

use anyhow::{Context, Result, ensure};
use e2e::{Client, Stack, WithDatabase, concurrently, fresh_key, text_of};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

/// How long a command may take by any clock. With a clock of its own it would take minutes.
const QUICK_SECONDS: f64 = 20.0;

/// The clocks of api and worker, in seconds ahead of the others.
const WRONG: [(i32, i32); 5] = [(-300, 0), (0, -300), (3600, 0), (0, 3600), (-3600, 3600)];

fn libfaketime() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let files = folders.iter().map(|f| Path::new(f).join("faketime/libfaketime.so.1"));
    files.into_iter().find(|file| file.is_file())
}

async fn start(library: &Path, (api, worker): (i32, i32)) -> Result<Stack> {
    let library = library.display();
    Stack::builder()
        .api("LD_PRELOAD", &library)
        .api("FAKETIME", format!("{api:+}"))
        .api("FAKETIME_DONT_FAKE_MONOTONIC", 1)
        .worker("LD_PRELOAD", &library)
        .worker("FAKETIME", format!("{worker:+}"))
        .worker("FAKETIME_DONT_FAKE_MONOTONIC", 1)
        .worker("SWEEP_INTERVAL_SECONDS", 1)
        .start()
        .await
}

/// The sum of the samples of a metric.
async fn metric(client: &Client, name: &str) -> Result<f64> {
    let page = client.get("/metrics").await?.text();
    let of_name =
        |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let values = page.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next());
    let values: Vec<f64> = values.map(str::parse).collect::<Result<_, _>>()?;
    ensure!(!values.is_empty(), "no {name} in\n{page}");
    Ok(values.iter().sum())
}

/// How far the clock of Postgres is ahead of an instant in a job, in seconds.
async fn age(stack: &Stack, job: &Value, member: &str) -> Result<f64> {
    let query = "SELECT extract(epoch FROM clock_timestamp() - $1::timestamptz)::float8";
    let age = sqlx::query_scalar(query).bind(text_of(job, member)?);
    Ok(age.fetch_one(stack.db()).await?)
}

#[tokio::test]
async fn a_wrong_clock_delays_nothing_and_no_age_or_latency_is_told_by_it() -> Result<()> {
    let Some(library) = libfaketime() else {
        eprintln!("skipped: no libfaketime on this machine");
        return Ok(());
    };
    for wrong in WRONG {
        let stack = start(&library, wrong).await?;
        check(stack).await.with_context(|| format!("{wrong:?}"))?;
    }
    Ok(())
}

async fn check(mut stack: Stack) -> Result<()> {
    let (client, worker) = (stack.client()?, stack.worker(0)?.client()?);
    let begun = Instant::now();
    let made = concurrently(20, 4, {
        let client = client.clone();
        move |index| {
            let client = client.clone();
            async move { client.create_user(&format!("user{index}@example.com")).await }
        }
    })
    .await?;
    ensure!(made.len() == 20 && begun.elapsed() < SOON, "{:?}", begun.elapsed());

    // A job that waits is as old as it is.
    let mut held = stack.db().begin().await?;
    sqlx::query("LOCK TABLE subscriptions").execute(&mut *held).await?;
    let body = json!({"user_id": made.first(), "plan": "monthly"});
    let id = client.submit("/subscribe", &fresh_key(), &body).await?;
    stack.wait_for_blocked_statement().await?;
    for program in [&client, &worker] {
        let oldest = metric(program, "commerce_queue_oldest_age_seconds").await?;
        ensure!((0.0..QUICK_SECONDS).contains(&oldest), "the oldest job is {oldest} s old");
    }
    held.rollback().await?;
    let job = client.finished_job(&id, SOON).await?;
    ensure!(text_of(&job, "status")? == "succeeded", "{job}");
    for member in ["submitted_at", "finished_at"] {
        let age = age(&stack, &job, member).await?;
        ensure!((-1.0..QUICK_SECONDS).contains(&age), "{member} was {age} s ago: {job}");
    }
    let latency = metric(&worker, "commerce_job_latency_seconds_sum").await?;
    let count = metric(&worker, "commerce_job_latency_seconds_count").await?;
    ensure!((0.0..QUICK_SECONDS).contains(&(latency / count)), "{latency} s for {count} jobs");
    // Its sweeps go on: nothing ends and starts again.
    let log = stack.worker(0)?.log_text();
    let restarts = log.matches("restarting it").count();
    ensure!(restarts == 0, "{restarts} restarts");
    stack.done().await
}
