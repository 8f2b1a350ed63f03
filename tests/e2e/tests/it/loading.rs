//! A start beside a Redis that reads its data for longer than a service is waited for that is not
//! there.

use anyhow::Result;
use e2e::{Kind, Stack};
use std::time::{Duration, Instant};
use support::{Proxy, run};
use tokio::time::sleep;

/// Half a millisecond each: it loads for 15 seconds at least, and answers now and then meanwhile.
const KEYS: usize = 30_000;
const SLOWLY: [&str; 4] =
    ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];

/// The time that a start waits for a service that is not there.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Cuts connections each second, for longer than the pause between two looks of a start.
async fn cut_again_and_again(proxy: &Proxy) {
    loop {
        sleep(Duration::from_millis(600)).await;
        proxy.cut();
        sleep(Duration::from_millis(400)).await;
        proxy.restore();
    }
}

#[tokio::test]
async fn it_is_waited_for_although_some_looks_fail() -> Result<()> {
    let mut stack = Stack::builder().apis(0).workers(0).redis_proxy().start().await?;
    let mut connection = stack.redis().connect().await?;
    let pairs: Vec<String> = (0..KEYS).map(|key| format!("{key} value")).collect();
    run::<()>(&mut connection, &format!("MSET {}", pairs.join(" "))).await;
    run::<()>(&mut connection, "SAVE").await;
    stack.redis().kill();
    stack.redis().spawn_with(&SLOWLY)?;

    let mut worker = stack.service_with(Kind::Worker, stack.settings(Kind::Worker))?;
    let begun = Instant::now();
    tokio::select! {
        started = worker.start() => started?,
        () = cut_again_and_again(stack.redis_proxy()?) => {}
    }
    assert!(begun.elapsed() > WAIT_MAX, "{:?}", begun.elapsed());
    stack.redis_proxy()?.restore();
    let log = worker.log_text();
    let failed = log.lines().filter(|line| line.contains("waiting for Redis"));
    let (loading, cut): (Vec<&str>, Vec<&str>) =
        failed.partition(|line| line.contains("it is loading its data"));
    assert!(!loading.is_empty() && !cut.is_empty(), "{log}");
    worker.stop(Duration::from_secs(30)).await?;
    stack.done().await
}
