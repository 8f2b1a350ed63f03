//! What keeps the queue healthy.

use crate::sample::{job, later};
use crate::steps::{admit, finish, started, started_behind_proxy, take};
use queue::{PROMOTED_AT_ONCE_MAX, Verdict};
use std::time::Duration;
use support::{RedisServer, eventually_true, keys, run};
use uuid::Uuid;

#[tokio::test]
async fn due_retries_become_available_in_bounded_steps() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for id in 0..2 * PROMOTED_AT_ONCE_MAX {
        run::<()>(&mut connection, &format!("ZADD q:scheduled 100 task-{id}")).await;
    }
    let (now, _): (u64, u64) = run(&mut connection, "TIME").await;
    run::<()>(&mut connection, &format!("ZADD q:scheduled {} later", now + 30)).await;
    assert_eq!(queue.promote().await.unwrap(), PROMOTED_AT_ONCE_MAX);
    assert_eq!(queue.promote().await.unwrap(), PROMOTED_AT_ONCE_MAX);
    assert_eq!(queue.promote().await.unwrap(), 0);
    assert_eq!(run::<usize>(&mut connection, "LLEN q:active").await, 2 * PROMOTED_AT_ONCE_MAX);
    assert_eq!(run::<usize>(&mut connection, "ZCARD q:scheduled").await, 1);
}

#[tokio::test]
async fn nothing_but_the_answer_is_left_of_a_finished_job() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    queue.begin(&[job("a").id()], Uuid::new_v4()).await.unwrap();
    finish(&queue, "w", &[job("a")]).await;
    assert_eq!(keys(&mut connection).await, [format!("q:job:{}", job("a").id())]);
}

#[tokio::test]
async fn a_job_that_was_admitted_again_is_not_removed_with_its_earlier_life() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let id = job("a").id();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    // Redis forgets it, and it is admitted again before the worker has finished it.
    run::<()>(&mut connection, &format!("DEL q:job:{id}")).await;
    assert_eq!(admit(&queue, &later("a")).await, Verdict::Enqueued);
    finish(&queue, "w", &[job("a")]).await;
    assert_eq!(run::<u8>(&mut connection, &format!("HEXISTS q:data {id}")).await, 1);
    assert_eq!(run::<u8>(&mut connection, &format!("EXISTS q:meta:{id}")).await, 1);
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn what_an_ended_worker_held_goes_back_and_what_would_end_others_does_not() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for key in ["good", "poison"] {
        admit(&queue, &job(key)).await;
    }
    let (good, poison) = (job("good").id(), job("poison").id());
    run::<()>(&mut connection, "DEL q:active").await;
    run::<()>(&mut connection, &format!("SADD q:inflight:w1 {good} {poison}")).await;
    run::<()>(&mut connection, "ZADD q:workers 1 w1").await;
    run::<()>(&mut connection, &format!("HDEL q:data {poison}")).await;
    assert_eq!(queue.release("w1").await.unwrap(), 1);
    let active: Vec<String> = run(&mut connection, "LRANGE q:active 0 -1").await;
    assert_eq!(active, [good.to_string()]);
    assert_eq!(run::<u8>(&mut connection, "EXISTS q:workers q:inflight:w1").await, 0);
    // Nobody waits for ever for what was dropped.
    assert_eq!(admit(&queue, &job("poison")).await, Verdict::Enqueued);
}

#[tokio::test]
async fn signs_of_life_are_for_the_living_only() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    queue.keep_alive("w1").await.unwrap();
    assert_eq!(run::<u8>(&mut connection, "EXISTS q:workers").await, 0);
    run::<()>(&mut connection, "ZADD q:workers 1 w1").await;
    queue.keep_alive("w1").await.unwrap();
    assert!(run::<u64>(&mut connection, "ZSCORE q:workers w1").await > 1_700_000_000);
}

#[tokio::test]
async fn a_worker_whose_clock_was_ahead_is_not_taken_for_alive_until_then() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "ZADD q:workers 1 w1").await;
    run::<()>(&mut connection, "ZADD q:workers 99999999999 ahead").await;
    queue.keep_alive("w1").await.unwrap();
    let now = run::<u64>(&mut connection, "ZSCORE q:workers w1").await;
    assert_eq!(run::<u64>(&mut connection, "ZSCORE q:workers ahead").await, now);
}

#[tokio::test]
async fn a_redis_that_was_started_again_gives_back_what_its_worker_does_not_have() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for key in ["lost", "had", "torn"] {
        admit(&queue, &job(key)).await;
        take(&mut connection, "w").await;
    }
    run::<()>(&mut connection, &format!("HDEL q:data {}", job("torn").id())).await;
    let had = [job("had").id().to_string()];
    // It is not known yet whether this is the Redis of before.
    for _ in 0..2 {
        assert!(!queue.keep_alive("w").await.unwrap());
    }
    assert_eq!(queue.give_back("w", &had).await.unwrap(), 1);
    let waiting: Vec<String> = run(&mut connection, "LRANGE q:active 0 -1").await;
    assert_eq!(waiting, [job("lost").id().to_string()]);
    assert!(queue.keep_alive("w").await.unwrap());
    assert!(queue.keep_alive("w").await.unwrap());
    assert!(!queue.keep_alive("other").await.unwrap());
    // As the log of a Redis that is started again has it: from a rewrite a while ago.
    run::<()>(&mut connection, "HSET q:workers:metadata:w seen 1700000000").await;
    assert!(!queue.keep_alive("w").await.unwrap());
}

#[tokio::test]
async fn a_replica_that_takes_the_place_of_its_master_gives_back_what_its_worker_does_not_have() {
    let (old, proxy, queue) = started_behind_proxy().await;
    let mut connection = old.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    queue.give_back("w", &[job("a").id().to_string()]).await.unwrap();
    assert!(queue.keep_alive("w").await.unwrap());
    // It copies the sign of life, too.
    let new = RedisServer::start_temporary().await.unwrap();
    let mut at_new = new.connect().await.unwrap();
    let (host_port, master) = (new.address().replace(':', " "), old.address().replace(':', " "));
    run::<()>(&mut at_new, &format!("REPLICAOF {master}")).await;
    eventually_true("it is in step", Duration::from_secs(20), async || {
        Ok(run::<String>(&mut at_new, "INFO replication").await.contains("master_link_status:up"))
    })
    .await
    .unwrap();
    run::<()>(&mut at_new, "REPLICAOF NO ONE").await;
    finish(&queue, "w", &[job("a")]).await;
    proxy.move_to(new.address());
    run::<()>(&mut connection, &format!("REPLICAOF {host_port}")).await;

    assert!(!queue.keep_alive("w").await.unwrap());
    assert_eq!(queue.give_back("w", &[]).await.unwrap(), 1);
    assert!(queue.keep_alive("w").await.unwrap());
}

#[tokio::test]
async fn a_job_that_an_older_worker_gave_up_without_reading_its_record_is_admitted_again() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let id = job("a").id();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    // It cannot read a record of a kind of command that it does not know.
    run::<()>(&mut connection, &format!("SADD q:dead {id}")).await;
    run::<()>(&mut connection, &format!("SREM q:inflight:w {id}")).await;
    assert_eq!(admit(&queue, &later("a")).await, Verdict::Enqueued);
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.queued, stats.dead), (1, 0));
    assert!(matches!(admit(&queue, &job("a")).await, Verdict::Known(_)));
}
