//! Connecting to a Redis that is not, or not yet, what the queue needs.

use crate::steps::{connect, started};
use queue::{ConnectError, Outlook};
use std::time::Duration;
use support::{RedisServer, eventually, run};

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
        assert_ne!(error.outlook(), Outlook::Hopeless, "{error}");
        was_loading |= matches!(error, ConnectError::Loading);
        Ok(None)
    });
    ready.await.unwrap();
    assert!(was_loading, "it was not asked while it was loading");
}

#[tokio::test]
async fn a_replica_may_become_a_master_and_is_waited_for() {
    let (redis, _queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "REPLICAOF 127.0.0.1 1").await;
    let Err(error) = connect(&redis).await else { panic!("a replica was accepted") };
    assert!(matches!(error, ConnectError::Replica), "{error}");
    assert_eq!(error.outlook(), Outlook::Hopeful);
    // The same if it has lost its master and answers nothing any more.
    run::<()>(&mut connection, "CONFIG SET replica-serve-stale-data no").await;
    assert!(matches!(connect(&redis).await, Err(ConnectError::Replica)));
    run::<()>(&mut connection, "REPLICAOF NO ONE").await;
    connect(&redis).await.unwrap();
}

#[tokio::test]
async fn a_cluster_is_refused_by_name() {
    let mut redis = RedisServer::start_temporary().await.unwrap();
    redis.stop().await.unwrap();
    // By default it takes a port beside its own, which another test may have.
    let bus = support::free_address().unwrap().port().to_string();
    redis.spawn_with(&["--cluster-enabled", "yes", "--cluster-port", &bus]).unwrap();
    let refused = eventually("it is a cluster", WITHIN, async || {
        Ok(connect(&redis).await.err().filter(|error| error.outlook() == Outlook::Hopeless))
    });
    let error = refused.await.unwrap();
    assert!(matches!(error, ConnectError::Cluster), "{error}");
}
