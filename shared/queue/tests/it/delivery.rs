//! What readers see of a job on its way.

use crate::sample::{answer, job};
use crate::steps::{admit, bury, finish, started, status, take};
use domain::JobStatus;
use std::time::Duration;
use support::run;
use uuid::Uuid;

/// Some round of a worker.
fn round() -> Uuid {
    Uuid::new_v4()
}

#[tokio::test]
async fn each_beginning_counts_as_an_attempt_and_handing_back_takes_it_back() {
    let (_redis, queue) = started().await;
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
    // That this round began was never noted.
    queue.hand_back(&[job("a").id()], other).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 2));
}

#[tokio::test]
async fn a_beginning_that_is_noted_again_counts_once() {
    let (_redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    let (first, second) = (round(), round());
    assert_eq!(queue.begin(&[job("a").id()], first).await.unwrap(), [1]);
    assert_eq!(queue.begin(&[job("a").id()], first).await.unwrap(), [1]);
    assert_eq!(queue.begin(&[job("a").id()], second).await.unwrap(), [2]);
}

#[tokio::test]
async fn who_saw_a_final_state_never_sees_an_earlier_one() {
    let (_redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    finish(&queue, "w", &[job("a")]).await;
    queue.begin(&[job("a").id()], round()).await.unwrap();
    queue.retry("w", job("a").id(), 1, Duration::ZERO).await.unwrap();
    bury(&queue, "w", "cause").await;
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_record_that_redis_lost_is_written_whole_at_the_end() {
    let (_redis, queue) = started().await;
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [1]);
    assert_eq!(queue.record(job("a").id()).await.unwrap(), None);
    finish(&queue, "w", &[job("a")]).await;
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!(record.fingerprint, job("a").fingerprint);
    assert_eq!(record.submitted_at, job("a").submitted_at);
    assert_eq!(record.answer, Some(answer()));
}

#[tokio::test]
async fn answers_expire_and_unfinished_jobs_do_not() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let mut ttl = async || -> i64 {
        let key = format!("q:job:{}", job("a").id());
        redis::cmd("TTL").arg(key).query_async(&mut connection).await.unwrap()
    };
    admit(&queue, &job("a")).await;
    assert_eq!(ttl().await, -1);
    finish(&queue, "w", &[job("a")]).await;
    assert!((86_300..=86_400).contains(&ttl().await));
}

#[tokio::test]
async fn a_task_that_failed_is_due_again_after_a_while_if_it_is_still_held() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    queue.begin(&[job("a").id()], round()).await.unwrap();
    // A worker that holds it no more has no say.
    queue.retry("paused", job("a").id(), 7, Duration::ZERO).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Running, 1));
    queue.retry("w", job("a").id(), 1, Duration::from_secs(30)).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Retrying, 1));
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 0);
    assert_eq!(queue.stats().await.unwrap().retrying, 1);
    assert_eq!(queue.promote().await.unwrap(), 0);
}

#[tokio::test]
async fn a_task_that_was_taken_over_is_answered_by_either_and_let_go_of_by_its_holder() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "new").await;
    let id = job("a").id();
    finish(&queue, "paused", &[job("a")]).await;
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
    // Its payload stays for the worker that may yet be asked for it.
    assert!(queue.payload(id).await.unwrap().is_some());
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:new").await, 1);
    finish(&queue, "new", &[job("a")]).await;
    assert_eq!(queue.payload(id).await.unwrap(), None);
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:new").await, 0);
}
