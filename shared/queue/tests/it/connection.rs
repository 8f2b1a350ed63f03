//! Connections that are silent, closed, or lead to a server that takes no writes.

use crate::sample::{DEPTH_MAX, answer, job};
use crate::steps::{admit, connect_to, finish, started, started_behind_proxy, submission, take};
use domain::RateLimit;
use queue::{Outcomes, Verdict, Waited};
use std::time::Duration;
use support::{RedisServer, eventually, eventually_true, run};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// What is promised for any of them.
const HEALED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_silent_connection_is_replaced_and_the_call_repeated() {
    let (_redis, proxy, queue) = started_behind_proxy().await;
    for key in ["a", "b"] {
        proxy.silence();
        let healed = timeout(HEALED_WITHIN, admit(&queue, &job(key))).await.unwrap();
        assert_eq!(healed, Verdict::Enqueued);
        // All is as fast as ever now.
        timeout(Duration::from_secs(1), queue.stats()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_redis_that_hangs_fails_each_call_in_time_and_serves_when_it_goes_on() {
    let (_redis, proxy, queue) = started_behind_proxy().await;
    proxy.freeze();
    for _ in 0..2 {
        timeout(HEALED_WITHIN, queue.stats()).await.unwrap().unwrap_err();
    }
    proxy.restore();
    timeout(HEALED_WITHIN, queue.stats()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_does_not_notice_that_its_connection_was_closed() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for key in ["a", "b", "c"] {
        run::<u32>(&mut connection, "CLIENT KILL TYPE normal SKIPME yes").await;
        assert_eq!(admit(&queue, &job(key)).await, Verdict::Enqueued);
    }
}

#[tokio::test]
async fn a_redis_that_was_away_serves_the_first_call_after_it() {
    let (mut redis, queue) = started().await;
    for _ in 0..3 {
        redis.stop().await.unwrap();
        queue.stats().await.unwrap_err();
        redis.resume().await.unwrap();
        queue.stats().await.unwrap();
    }
}

#[tokio::test]
async fn calls_follow_the_address_to_the_new_master() {
    let (old, proxy, queue) = started_behind_proxy().await;
    let new = RedisServer::start_temporary().await.unwrap();
    proxy.move_to(new.address());
    let mut connection = old.connect().await.unwrap();
    run::<()>(&mut connection, &format!("REPLICAOF {}", new.address().replace(':', " "))).await;
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    queue.check().await.unwrap();
    assert_eq!(new.key_count().await.unwrap(), 4);
}

#[tokio::test]
async fn an_address_that_stays_with_a_replica_is_reported_and_served_when_it_is_promoted() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for stale in ["yes", "no"] {
        run::<()>(&mut connection, &format!("CONFIG SET replica-serve-stale-data {stale}")).await;
        run::<()>(&mut connection, "REPLICAOF 127.0.0.1 1").await;
        let error = queue.check().await.unwrap_err();
        assert!(error.reason().contains("replica"), "{}", error.reason());
        let submission = submission(&queue, &job(stale), ("b", RateLimit::OFF));
        queue.admit(&[submission], DEPTH_MAX).await.unwrap_err();
        run::<()>(&mut connection, "REPLICAOF NO ONE").await;
        assert_eq!(admit(&queue, &job(stale)).await, Verdict::Enqueued);
    }
}

#[tokio::test]
async fn what_redis_lacks_is_told() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let cases = [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "no memory"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "replicas"),
        ("ACL SETUSER default -set", "ACL SETUSER default +set", "right"),
    ];
    for (broken, mended, reason) in cases {
        run::<()>(&mut connection, broken).await;
        let error = queue.check().await.unwrap_err();
        assert!(error.reason().contains(reason), "{broken}: {} {error:?}", error.reason());
        run::<()>(&mut connection, mended).await;
        queue.check().await.unwrap();
    }
    assert_eq!(redis.key_count().await.unwrap(), 0, "the probe leaves nothing behind");
}

#[tokio::test]
async fn a_silent_subscription_is_renewed_and_its_outcome_found() {
    let (redis, proxy, queue) = started_behind_proxy().await;
    let outcomes = Outcomes::subscribe(&queue, 9, CancellationToken::new());
    let mut connection = redis.connect().await.unwrap();
    eventually_true("it has subscribed", HEALED_WITHIN, async || {
        Ok(run::<Vec<String>>(&mut connection, "PUBSUB CHANNELS").await.len() == 1)
    })
    .await
    .unwrap();
    let mut ticket = outcomes.ticket(job("a").id(), "c").unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    assert_eq!(proxy.silence_those_that_sent(b"SUBSCRIBE"), 1);
    finish(&queue, "w", &[job("a")]).await;
    let look = || async { queue.record(job("a").id()).await.ok().flatten()?.answer };
    let waited = ticket.wait(Instant::now() + HEALED_WITHIN, look).await;
    assert!(matches!(waited, Waited::Looked(_)), "{waited:?}");

    // Soon others are heard as ever.
    let heard = eventually("an outcome is heard", HEALED_WITHIN, async || {
        let mut ticket = outcomes.ticket(job("b").id(), "c").unwrap();
        finish(&queue, "w", &[job("b")]).await;
        let soon = Instant::now() + Duration::from_millis(200);
        match ticket.wait(soon, || async { None::<()> }).await {
            Waited::Announced(outcome) => Ok(Some(outcome.answer.clone())),
            _ => Ok(None),
        }
    });
    assert_eq!(heard.await.unwrap(), answer());
}

#[tokio::test]
async fn queues_in_two_databases_of_one_redis_do_not_hear_each_other() {
    let (redis, queue) = started().await;
    let second = redis.url().replace("/0", "/1");
    let other = connect_to(&second).await.unwrap();
    let [ours, theirs] =
        [&queue, &other].map(|queue| Outcomes::subscribe(queue, 9, CancellationToken::new()));
    let mut connection = redis.connect().await.unwrap();
    eventually_true("both have subscribed", HEALED_WITHIN, async || {
        Ok(run::<Vec<String>>(&mut connection, "PUBSUB CHANNELS").await.len() == 2)
    })
    .await
    .unwrap();
    let [mut mine, mut other_ticket] =
        [&ours, &theirs].map(|all| all.ticket(job("a").id(), "c").unwrap());
    finish(&other, "w", &[job("a")]).await;
    let heard = other_ticket.wait(Instant::now() + HEALED_WITHIN, || async { None::<()> }).await;
    assert!(matches!(heard, Waited::Announced(_)), "{heard:?}");
    let soon = Instant::now() + Duration::from_millis(300);
    let heard = mine.wait(soon, || async { None::<()> }).await;
    assert!(matches!(heard, Waited::TimedOut), "{heard:?}");
}
