//! Connecting to a Redis that is just coming up.

use crate::redis_server::{RedisServer, run};
use shared::start;
use std::time::Duration;
use tokio::time::sleep;

/// Half a millisecond each: it loads for a second, and answers others now and then meanwhile.
const SLOWLY: [&str; 4] =
    ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];
const KEYS: usize = 2000;

#[tokio::test]
async fn a_redis_that_reads_its_data_again_is_worth_waiting_for() {
    let mut redis = RedisServer::start();
    redis.queue().await;
    let mut connection = redis.connection().await;
    for key in 0..KEYS {
        run::<()>(&mut connection, &format!("SET {key} value")).await;
    }
    run::<()>(&mut connection, "SAVE").await;
    redis.kill();
    redis.resume_with(&SLOWLY);

    let mut was_loading = false;
    while let Err(error) = redis.try_queue().await {
        let cause = start::chain(&error);
        assert!(error.is_transient(), "{cause}");
        was_loading |= cause.to_lowercase().contains("loading");
        sleep(Duration::from_millis(25)).await;
    }
    assert!(was_loading, "it was not asked while it was loading");
}
