//! Connecting to a Redis that is just coming up.

use crate::steps::{connect, started};
use std::error::Error;
use std::time::Duration;
use support::{eventually, run};

/// Half a millisecond each: it loads for a second, and answers others now and then meanwhile.
const SLOWLY: [&str; 4] =
    ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];
const KEYS: usize = 2000;

/// Many times what loading takes.
const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_redis_that_reads_its_data_again_is_worth_waiting_for() {
    let (mut redis, _queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let pairs: Vec<String> = (0..KEYS).map(|key| format!("{key} value")).collect();
    run::<()>(&mut connection, &format!("MSET {}", pairs.join(" "))).await;
    run::<()>(&mut connection, "SAVE").await;
    redis.kill();
    redis.spawn_with(&SLOWLY).unwrap();

    let mut was_loading = false;
    let ready = eventually("Redis has read its data", WITHIN, async || {
        let Err(error) = connect(&redis).await else { return Ok(Some(())) };
        let cause = error.source().unwrap().to_string().to_lowercase();
        assert!(error.is_transient(), "{cause}");
        was_loading |= cause.contains("loading");
        Ok(None)
    });
    ready.await.unwrap();
    assert!(was_loading, "it was not asked while it was loading");
}
