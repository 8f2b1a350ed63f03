//! What readers see of a job on its way.

use crate::redis_server::RedisServer;
use crate::sample::{admit, answer, job, settled};
use shared::domain::Answer;
use shared::domain::job::JobStatus;
use shared::queue::Queue;
use shared::queue::admission::Verdict;
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

#[tokio::test]
async fn each_beginning_counts_as_an_attempt_and_handing_back_takes_it_back() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    admit(&queue, &job("a")).await;
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [1]);
    assert_eq!(status(&queue, "a").await, (JobStatus::Running, 1));
    queue.retrying(job("a").id()).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Retrying, 1));
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [2]);
    queue.hand_back(&[job("a").id()], round()).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 1));
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
    queue.finish(&[settled(&job("a"), &answer())]).await.unwrap();
    queue.begin(&[job("a").id()], round()).await.unwrap();
    queue.retrying(job("a").id()).await.unwrap();
    queue.bury(job("a").id(), given_up(), "cause", job("a").submitted_at).await.unwrap();
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_record_that_redis_lost_is_written_whole_at_the_end() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    assert_eq!(queue.begin(&[job("a").id()], round()).await.unwrap(), [1]);
    assert_eq!(queue.record(job("a").id()).await.unwrap(), None);
    queue.finish(&[settled(&job("a"), &answer())]).await.unwrap();
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
    queue.finish(&[settled(&job("a"), &answer())]).await.unwrap();
    assert!((86_300..=86_400).contains(&ttl().await));
}

#[tokio::test]
async fn a_dead_job_is_admitted_again_only_when_its_worker_has_let_go_of_it() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let mut connection = redis.connection().await;
    admit(&queue, &job("a")).await;
    // A worker takes it, fails, and gives it up.
    redis::cmd("LPOP").arg("q:active").query_async::<()>(&mut connection).await.unwrap();
    queue.begin(&[job("a").id()], round()).await.unwrap();
    queue.bury(job("a").id(), given_up(), "a bug", job("a").submitted_at).await.unwrap();
    let Verdict::Known(record) = admit(&queue, &job("a")).await else { panic!("not known") };
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Dead, Some("a bug")));
    assert!(!queue.requeue(job("a").id()).await.unwrap());
    // apalis puts it among the dead.
    let id = job("a").id().to_string();
    redis::cmd("SADD").arg("q:dead").arg(&id).query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(queue.dead_jobs(10).await.unwrap().len(), 1);
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    assert_eq!(status(&queue, "a").await, (JobStatus::Queued, 0));
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

/// A job that a worker took, and gave up for good.
async fn dead_job(redis: &RedisServer, queue: &Queue) {
    let mut connection = redis.connection().await;
    let id = job("a").id();
    admit(queue, &job("a")).await;
    redis::cmd("LPOP").arg("q:active").query_async::<()>(&mut connection).await.unwrap();
    queue.bury(id, given_up(), "a bug", job("a").submitted_at).await.unwrap();
    let mut acknowledge = redis::cmd("SADD");
    acknowledge.arg("q:dead").arg(id.to_string());
    acknowledge.query_async::<()>(&mut connection).await.unwrap();
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
    queue.bury(job("a").id(), given_up(), "another", job("a").submitted_at).await.unwrap();
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.cause.as_deref()), (JobStatus::Dead, Some("a bug")));
}
