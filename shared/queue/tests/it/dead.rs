//! Jobs that are given up: what their clients and operators can do.

use crate::sample::{given_up, job};
use crate::steps::{admit, bury, started, status, take};
use domain::JobStatus;
use queue::{Queue, Verdict};
use support::{RedisServer, run};
use uuid::Uuid;

/// Makes job `a` one that a worker took, and gave up for good.
async fn make_dead_job(redis: &RedisServer, queue: &Queue) {
    admit(queue, &job("a")).await;
    take(&mut redis.connect().await.unwrap(), "w").await;
    bury(queue, "w", "a bug").await;
}

#[tokio::test]
async fn only_the_worker_that_holds_a_job_can_give_it_up() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    // A worker takes it; another that held it before gives it up. The client must not hear of that.
    take(&mut connection, "new").await;
    queue.begin_one(job("a").id(), Uuid::new_v4()).await.unwrap();
    bury(&queue, "w", "a bug").await;
    let Verdict::Known(record) = admit(&queue, &job("a")).await else { panic!("not known") };
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Running, None));
    assert_eq!(queue.dead_jobs(10).await.unwrap().len(), 0);
    // The worker that holds it gives it up, too.
    bury(&queue, "new", "a bug").await;
    assert_eq!(queue.dead_jobs(10).await.unwrap().len(), 1);
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 0));
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

#[tokio::test]
async fn a_task_that_is_not_ours_can_be_buried_too() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    run::<()>(&mut connection, "RPUSH q:active 01M85NFF0000000000000000AA").await;
    let task = take(&mut connection, "w").await;
    let now = job("a").submitted_at;
    queue.bury("w", &task, given_up(), "unreadable", now).await.unwrap();
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 0);
    assert_eq!(queue.stats().await.unwrap().dead, 1);
}

#[tokio::test]
async fn an_operator_can_queue_a_dead_job_again_once() {
    let (redis, queue) = started().await;
    make_dead_job(&redis, &queue).await;
    assert!(queue.requeue(job("a").id()).await.unwrap());
    assert!(!queue.requeue(job("a").id()).await.unwrap());
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.answer, record.cause), (JobStatus::Queued, None, None));
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_discarded_job_stays_dead_until_its_client_retries() {
    let (redis, queue) = started().await;
    make_dead_job(&redis, &queue).await;
    assert!(queue.payload(job("a").id()).await.unwrap().is_some());
    assert!(queue.discard(job("a").id()).await.unwrap());
    assert!(!queue.discard(job("a").id()).await.unwrap());
    assert!(!queue.requeue(job("a").id()).await.unwrap());
    assert_eq!(queue.payload(job("a").id()).await.unwrap(), None);
    assert_eq!(status(&queue, "a").await.0, JobStatus::Dead);
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 0));
}

#[tokio::test]
async fn a_job_that_is_buried_twice_keeps_its_first_cause() {
    let (redis, queue) = started().await;
    make_dead_job(&redis, &queue).await;
    queue.begin_one(job("a").id(), Uuid::new_v4()).await.unwrap();
    bury(&queue, "w", "another").await;
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Dead, Some("a bug")));
}
