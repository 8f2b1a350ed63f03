//! One key, one fingerprint, one job: every row of the table of admission.

use crate::sample::{answer, job, limited, other_request};
use crate::steps::{admit, admit_all, admit_one, connect, finish, started};
use domain::{JobStatus, RateLimit};
use queue::Verdict;
use std::time::Instant;

#[tokio::test]
async fn a_new_key_is_enqueued_and_then_known() {
    let (_redis, queue) = started().await;
    assert_eq!(admit(&queue, &job("a")).await, Verdict::Enqueued);
    let Verdict::Known(record) = admit(&queue, &job("a")).await else { panic!("not known") };
    assert_eq!(record.status, JobStatus::Queued);
    assert_eq!((record.attempts, record.answer), (0, None));
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_key_used_for_something_else_is_contested_and_then_reused() {
    let (_redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    assert_eq!(admit(&queue, &other_request("a")).await, Verdict::Contested);
    finish(&queue, "w", &[job("a")]).await;
    assert_eq!(admit(&queue, &other_request("a")).await, Verdict::Reused);
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_finished_key_is_known_with_its_answer_to_the_byte() {
    let (_redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    finish(&queue, "w", &[job("a")]).await;
    let Verdict::Known(record) = admit(&queue, &job("a")).await else { panic!("not known") };
    assert_eq!(record.status, JobStatus::Succeeded);
    assert_eq!(record.answer, Some(answer()));
}

#[tokio::test]
async fn only_new_keys_cost_a_token_and_an_empty_bucket_refuses_them() {
    let (_redis, queue) = started().await;
    let limit = limited(2, 7200);
    let begun = Instant::now();
    let ask = async |key: &str| admit_one(&queue, &job(key), ("ip:1", limit)).await;
    assert_eq!(ask("a").await.quota.unwrap().remaining, 1);
    assert_eq!(ask("a").await.quota.unwrap().remaining, 1);
    assert_eq!(ask("b").await.quota.unwrap().remaining, 0);
    let limited = ask("c").await;
    assert_eq!(limited.verdict, Verdict::Limited);
    let passed_seconds = begun.elapsed().as_secs();
    let reset_seconds = limited.quota.unwrap().reset_seconds;
    assert!((3600 - passed_seconds..=3600).contains(&reset_seconds), "{reset_seconds}");
    assert!(matches!(ask("b").await.verdict, Verdict::Known(_)));
    let other = admit_one(&queue, &other_request("a"), ("ip:1", limit)).await;
    assert_eq!(other.verdict, Verdict::Contested);
    let stranger = admit_one(&queue, &job("c"), ("ip:2", limit)).await;
    assert_eq!(stranger.verdict, Verdict::Enqueued);
}

#[tokio::test]
async fn a_full_queue_refuses_without_taking_a_token() {
    let (_redis, queue) = started().await;
    let bucket = ("ip:1", limited(5, 3600));
    let ask = async |key: &str| admit_all(&queue, &[job(key)], bucket, 1).await.remove(0);
    assert_eq!(ask("a").await.verdict, Verdict::Enqueued);
    let full = ask("b").await;
    assert_eq!((full.verdict, full.quota.unwrap().remaining), (Verdict::Full, 4));
    assert!(matches!(ask("a").await.verdict, Verdict::Known(_)));
}

#[tokio::test]
async fn no_limit_means_no_quota_and_no_bucket() {
    let (redis, queue) = started().await;
    let admission = admit_one(&queue, &job("a"), ("ip:1", RateLimit::OFF)).await;
    assert_eq!(admission.quota, None);
    let keys = support::keys(&mut redis.connect().await.unwrap()).await;
    assert!(!keys.iter().any(|key| key.contains("bucket")), "{keys:?}");
}

#[tokio::test]
async fn concurrent_twins_of_many_processes_enqueue_one_job() {
    let (redis, queue) = started().await;
    let mut twins = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let queue = connect(&redis).await.unwrap();
        for _ in 0..50 {
            let queue = queue.clone();
            twins.spawn(async move { admit(&queue, &job("a")).await });
        }
    }
    let verdicts = twins.join_all().await;
    let enqueued = verdicts.iter().filter(|verdict| **verdict == Verdict::Enqueued).count();
    assert_eq!((enqueued, verdicts.len()), (1, 200));
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn the_script_is_loaded_again_when_redis_has_lost_it() {
    let (redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    let mut connection = redis.connect().await.unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(admit(&queue, &job("b")).await, Verdict::Enqueued);
}
