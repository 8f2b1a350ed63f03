//! What readers see of a job on its way.

use crate::redis_server::{RedisServer, run};
use crate::sample::{admit, answer, job, settled, take};
use shared::domain::Answer;
use shared::domain::job::JobStatus;
use shared::queue::Queue;
use shared::queue::admission::Verdict;
use std::time::Duration;
use uuid::Uuid;

/// Some round of a worker.
fn round() -> Uuid {
    Uuid::new_v4()
}

async fn status(queue: &Queue, key: &str) -> (JobStatus, u32) {
    let record = queue.record(job(key).id()).await.unwrap().unwrap();
    (record.status, record.attempts)
}

fn given_up() -> Answer {
    Answer { status: 503, body: "{}".to_owned() }
}

async fn bury(queue: &Queue, cause: &str) {
    let (task, now) = (job("a").id().to_string(), job("a").submitted_at);
    queue.bury("w", &task, given_up(), cause, now).await.unwrap();
}

#[tokio::test]
async fn each_beginning_counts_as_an_attempt_and_handing_back_takes_it_back() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    admit(&queue, &job("a")).await;
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [1]);
    assert_eq!(status(&queue, "a").await, (JobStatus::Running, 1));
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [2]);
    let (other, third) = (round(), round());
    assert_eq!(queue.begin(&[job("a").id()], third).await.unwrap(), [3]);
    for _ in 0..2 {
        queue.hand_back(&[job("a").id()], third).await.unwrap();
        assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 2));
    }
    // It was never told that this round began.
    queue.hand_back(&[job("a").id()], other).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 2));
}

#[tokio::test]
async fn a_beginning_that_is_told_again_counts_once() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    admit(&queue, &job("a")).await;
    let (first, second) = (round(), round());
    assert_eq!(queue.begin(&[job("a").id()], first).await.unwrap(), [1]);
    assert_eq!(queue.begin(&[job("a").id()], first).await.unwrap(), [1]);
    assert_eq!(queue.begin(&[job("a").id()], second).await.unwrap(), [2]);
}

#[tokio::test]
async fn who_saw_a_final_state_never_sees_an_earlier_one() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    admit(&queue, &job("a")).await;
    queue.finish("w", &[settled(&job("a"), &answer())]).await.unwrap();
    queue.begin(&[job("a").id()], round()).await.unwrap();
    queue.retry("w", job("a").id(), 1, Duration::ZERO).await.unwrap();
    bury(&queue, "cause").await;
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_record_that_redis_lost_is_written_whole_at_the_end() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [1]);
    assert_eq!(queue.record(job("a").id()).await.unwrap(), None);
    queue.finish("w", &[settled(&job("a"), &answer())]).await.unwrap();
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!(record.fingerprint, job("a").fingerprint);
    assert_eq!(record.submitted_at, job("a").submitted_at);
    assert_eq!(record.answer, Some(answer()));
}

#[tokio::test]
async fn answers_expire_and_unfinished_jobs_do_not() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    let mut ttl = async || -> i64 {
        let key = format!("q:job:{}", job("a").id());
        redis::cmd("TTL").arg(key).query_async(&mut connection).await.unwrap()
    };
    admit(&queue, &job("a")).await;
    assert_eq!(ttl().await, -1);
    queue.finish("w", &[settled(&job("a"), &answer())]).await.unwrap();
    assert!((86_300..=86_400).contains(&ttl().await));
}

#[tokio::test]
async fn a_task_that_failed_is_due_again_after_a_while_if_it_is_still_held() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    queue.begin(&[job("a").id()], round()).await.unwrap();
    // A worker that holds it no more has no say.
    queue.retry("paused", job("a").id(), 7, Duration::ZERO).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Running, 1));
    queue.retry("w", job("a").id(), 1, Duration::from_hours(1)).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Retrying, 1));
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 0);
    assert_eq!(queue.stats().await.unwrap().retrying, 1);
    assert_eq!(queue.promote().await.unwrap(), 0);
}

#[tokio::test]
async fn a_task_that_was_taken_over_is_told_by_either_and_let_go_of_by_its_holder() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    admit(&queue, &job("a")).await;
    take(&mut connection, "new").await;
    let id = job("a").id();
    queue.finish("paused", &[settled(&job("a"), &answer())]).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
    // Its payload stays for the worker that may yet be asked for it.
    assert!(queue.payload(id).await.unwrap().is_some());
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:new").await, 1);
    queue.finish("new", &[settled(&job("a"), &answer())]).await.unwrap();
    assert_eq!(queue.payload(id).await.unwrap(), None);
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:new").await, 0);
}

#[tokio::test]
async fn a_dead_job_is_admitted_again_only_when_its_worker_has_let_go_of_it() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    admit(&queue, &job("a")).await;
    // A worker takes it; another that held it before gives it up.
    take(&mut connection, "new").await;
    queue.begin(&[job("a").id()], round()).await.unwrap();
    bury(&queue, "a bug").await;
    let Verdict::Known(record) = admit(&queue, &job("a")).await else { panic!("not known") };
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Dead, Some("a bug")));
    assert!(!queue.requeue(job("a").id()).await.unwrap());
    // So does the worker that holds it.
    let (task, now) = (job("a").id().to_string(), job("a").submitted_at);
    queue.bury("new", &task, given_up(), "a bug", now).await.unwrap();
    assert_eq!(queue.dead_jobs(10).await.unwrap().len(), 1);
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 0));
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

#[tokio::test]
async fn a_task_that_is_not_ours_can_be_buried_too() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    run::<()>(&mut connection, "RPUSH q:active 01M85NFF0000000000000000AA").await;
    let task = take(&mut connection, "w").await;
    let now = job("a").submitted_at;
    queue.bury("w", &task, given_up(), "unreadable", now).await.unwrap();
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 0);
    assert_eq!(queue.stats().await.unwrap().dead, 1);
}

/// A job that a worker took, and gave up for good.
async fn dead_job(redis: &RedisServer, queue: &Queue) {
    admit(queue, &job("a")).await;
    take(&mut redis.connection().await, "w").await;
    bury(queue, "a bug").await;
}

#[tokio::test]
async fn an_operator_can_queue_a_dead_job_again_once() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    dead_job(&redis, &queue).await;
    assert!(queue.requeue(job("a").id()).await.unwrap());
    assert!(!queue.requeue(job("a").id()).await.unwrap());
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.answer, record.cause), (JobStatus::Queued, None, None));
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_discarded_job_stays_dead_until_its_client_retries() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    dead_job(&redis, &queue).await;
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
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    dead_job(&redis, &queue).await;
    queue.begin(&[job("a").id()], round()).await.unwrap();
    bury(&queue, "another").await;
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Dead, Some("a bug")));
}
