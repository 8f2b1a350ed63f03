//! A start beside a Redis that reads its data for longer than a service is waited for that is not
//! there.

use anyhow::Result;
use e2e::{Kind, Stack};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Proxy, eventually_true, log_text, run};

/// Half a millisecond each: it loads for 15 seconds at least, and answers now and then meanwhile.
const KEYS: usize = 30_000;
const SLOWLY: [&str; 4] =
    ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];

/// The time that a start waits for a service that is not there.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What the log says of a look that was answered.
const IS_LOADING: &str = "it is loading its data";

/// A look that failed follows each that was answered, for longer than `WAIT_MAX`: then Redis can be
/// reached again, for good.
async fn cut_after_each_answer(proxy: &Proxy, log: &Path) -> Result<()> {
    let looks = |answered: bool| {
        let log = log_text(log);
        let looks = log.lines().filter(|line| line.contains("waiting for Redis"));
        looks.filter(|line| line.contains(IS_LOADING) == answered).count()
    };
    let one_more = async |answered, seen| {
        let what = format!("a look with answered = {answered}");
        eventually_true(&what, WAIT_MAX, async || Ok(looks(answered) > seen)).await
    };
    let begun = Instant::now();
    let mut answered = 0;
    while begun.elapsed() <= WAIT_MAX {
        one_more(true, answered).await?;
        let failed = looks(false);
        proxy.cut();
        one_more(false, failed).await?;
        answered = looks(true);
        proxy.restore();
    }
    Ok(())
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
    let log = worker.log().to_owned();
    let begun = Instant::now();
    tokio::try_join!(worker.start(), cut_after_each_answer(stack.redis_proxy()?, &log))?;
    assert!(begun.elapsed() > WAIT_MAX, "{:?}", begun.elapsed());
    worker.stop(Duration::from_secs(30)).await?;
    stack.done().await
}
