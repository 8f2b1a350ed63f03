//! Connecting to a Redis that is just coming up.

use crate::redis_server::{RedisServer, run};
use shared::queue::QueueError;
use shared::start;

/// Half a millisecond each: it loads for a second, and answers others now and then meanwhile.
const SLOWLY: [&str; 4] =
    ["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"];
const KEYS: usize = 2000;

#[tokio::test]
async fn a_redis_that_reads_its_data_again_is_worth_waiting_for() {
    let mut redis = RedisServer::start();
    redis.queue().await;
    let mut connection = redis.connection().await;
    let pairs: Vec<String> = (0..KEYS).map(|key| format!("{key} value")).collect();
    run::<()>(&mut connection, &format!("MSET {}", pairs.join(" "))).await;
    run::<()>(&mut connection, "SAVE").await;
    redis.kill();
    redis.resume_with(&SLOWLY);

    let mut was_loading = false;
    let refused = |error: QueueError| {
        let cause = start::chain(&error);
        assert!(error.is_transient(), "{cause}");
        was_loading |= cause.to_lowercase().contains("loading");
    };
    redis.queue_after(refused).await;
    assert!(was_loading, "it was not asked while it was loading");
}
