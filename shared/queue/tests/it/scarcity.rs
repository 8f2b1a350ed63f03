//! A Redis without room or rights, and clocks that were ahead.

use crate::sample::{DEPTH_MAX, job, limited};
use crate::steps::{admit, admit_one, bury, finish, started, submission, take};
use domain::RateLimit;
use queue::{AT_ONCE_MAX, Queue, Verdict};
use std::time::Duration;
use support::{RedisServer, run};
use uuid::Uuid;

/// Has a job admitted and taken by the worker `w`.
async fn hold(redis: &RedisServer, queue: &Queue, key: &str) {
    admit(queue, &job(key)).await;
    take(&mut redis.connect().await.unwrap(), "w").await;
}

#[tokio::test]
async fn a_full_redis_refuses_new_jobs_and_lets_workers_finish_what_is_there() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for key in ["done", "again", "a"] {
        hold(&redis, &queue, key).await;
    }
    run::<()>(&mut connection, "ZADD q:workers 1 w").await;
    run::<()>(&mut connection, "CONFIG SET maxmemory 1").await;
    let submission = submission(&queue, &job("new"), ("b", RateLimit::OFF));
    let refused = queue.admit(&[submission], DEPTH_MAX).await.unwrap();
    assert!(refused.iter().all(Result::is_err), "{refused:?}");

    queue.keep_alive("w").await.unwrap();
    let round = Uuid::new_v4();
    assert_eq!(queue.begin_one(job("done").id(), round).await.unwrap(), 1);
    queue.hand_back(&[job("done").id()], round).await.unwrap();
    finish(&queue, "w", &[job("done")]).await;
    queue.retry("w", job("again").id(), 1, Duration::ZERO).await.unwrap();
    assert_eq!(queue.promote().await.unwrap(), 1);
    bury(&queue, "w", "a bug").await;
    assert!(queue.requeue(job("a").id()).await.unwrap());
    assert_eq!(queue.stats().await.unwrap().queued, 2);

    run::<()>(&mut connection, "CONFIG SET maxmemory 0").await;
    take(&mut connection, "x").await;
    run::<()>(&mut connection, "CONFIG SET maxmemory 1").await;
    assert_eq!(queue.release("x").await.unwrap(), 1);
}

/// For each command of a script that its user may not use: what is there after the right was given
/// back and the step repeated.
#[tokio::test]
async fn an_admission_that_failed_part_way_is_healed_by_a_retry() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let bucket = ("b", limited(1_000, 60));
    for right in ["hset", "rpush", "mset", "pexpire", "llen", "publish"] {
        let submission = submission(&queue, &job(right), bucket);
        run::<()>(&mut connection, &format!("ACL SETUSER default -{right}")).await;
        queue.admit(std::slice::from_ref(&submission), DEPTH_MAX).await.unwrap_err();
        run::<()>(&mut connection, &format!("ACL SETUSER default +{right}")).await;
        let verdict = admit_one(&queue, &job(right), bucket).await.verdict;
        let task = job(right).id().to_string();
        let place: Option<u32> = run(&mut connection, &format!("LPOS q:active {task}")).await;
        assert!(place.is_some(), "{right}: {verdict:?}, and no task");
        run::<()>(&mut connection, "DEL q:active").await;
    }
}

#[tokio::test]
async fn a_dead_job_whose_new_admission_failed_part_way_is_admitted_by_a_retry() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    hold(&redis, &queue, "a").await;
    bury(&queue, "w", "a bug").await;
    run::<()>(&mut connection, "ACL SETUSER default -rpush").await;
    let submission = submission(&queue, &job("a"), ("b", RateLimit::OFF));
    queue.admit(&[submission], DEPTH_MAX).await.unwrap_err();
    queue.requeue(job("a").id()).await.unwrap_err();
    run::<()>(&mut connection, "ACL SETUSER default +rpush").await;
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
}

#[tokio::test]
async fn a_step_of_a_worker_that_failed_part_way_is_healed_by_repeating_it() {
    for right in ["zadd", "hset", "srem"] {
        let (redis, queue) = started().await;
        let mut connection = redis.connect().await.unwrap();
        hold(&redis, &queue, "a").await;
        run::<()>(&mut connection, &format!("ACL SETUSER default -{right}")).await;
        queue.retry("w", job("a").id(), 1, Duration::ZERO).await.unwrap_err();
        run::<()>(&mut connection, &format!("ACL SETUSER default +{right}")).await;
        queue.retry("w", job("a").id(), 1, Duration::ZERO).await.unwrap();
        assert_eq!(queue.stats().await.unwrap().retrying, 1, "{right}");
    }
    for right in ["set", "hdel", "unlink", "srem", "publish"] {
        let (redis, queue) = started().await;
        let mut connection = redis.connect().await.unwrap();
        hold(&redis, &queue, "a").await;
        run::<()>(&mut connection, &format!("ACL SETUSER default -{right}")).await;
        let failed = tokio::spawn({
            let queue = queue.clone();
            async move { finish(&queue, "w", &[job("a")]).await }
        });
        failed.await.unwrap_err();
        run::<()>(&mut connection, &format!("ACL SETUSER default +{right}")).await;
        finish(&queue, "w", &[job("a")]).await;
        assert_eq!(redis.key_count().await.unwrap(), 1, "{right}: only the answer is left");
    }
    for right in ["sadd", "set", "srem", "publish"] {
        let (redis, queue) = started().await;
        let mut connection = redis.connect().await.unwrap();
        hold(&redis, &queue, "a").await;
        run::<()>(&mut connection, &format!("ACL SETUSER default -{right}")).await;
        let failed = tokio::spawn({
            let queue = queue.clone();
            async move { bury(&queue, "w", "a bug").await }
        });
        failed.await.unwrap_err();
        run::<()>(&mut connection, &format!("ACL SETUSER default +{right}")).await;
        bury(&queue, "w", "a bug").await;
        assert_eq!(queue.dead_jobs(AT_ONCE_MAX).await.unwrap().len(), 1, "{right}");
        assert!(queue.requeue(job("a").id()).await.unwrap(), "{right}");
    }
}

#[tokio::test]
async fn a_promotion_without_the_right_to_remove_adds_nothing() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "ZADD q:scheduled 100 task").await;
    run::<()>(&mut connection, "ACL SETUSER default -zrem").await;
    for _ in 0..3 {
        queue.promote().await.unwrap_err();
    }
    run::<()>(&mut connection, "ACL SETUSER default +zrem").await;
    assert_eq!(queue.promote().await.unwrap(), 1);
    assert_eq!(run::<u32>(&mut connection, "LLEN q:active").await, 1);
}

#[tokio::test]
async fn a_bucket_of_the_future_fills_from_now_on() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let bucket = ("b", limited(1, 1));
    let future = "HSET q:bucket:b level 0 at 9000000000000000";
    for (attempt, key) in ["a", "b"].into_iter().enumerate() {
        run::<()>(&mut connection, future).await;
        let first = admit_one(&queue, &job(key), bucket).await;
        assert_eq!(first.verdict, Verdict::Limited, "{attempt}");
        let filled = support::eventually_true("it fills", Duration::from_secs(5), async || {
            Ok(admit_one(&queue, &job(key), bucket).await.verdict == Verdict::Enqueued)
        });
        filled.await.unwrap();
    }
}

#[tokio::test]
async fn a_retry_of_the_far_future_is_due() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "ZADD q:scheduled 99999999999 task").await;
    assert_eq!(queue.promote().await.unwrap(), 1);
}
