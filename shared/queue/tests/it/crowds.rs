//! Submissions that are admitted in one call fare as if each had come alone, one after the other.

use crate::sample::{DEPTH_MAX, answer, job, limited, other_request};
use crate::steps::{admit, admit_all, finish, started, submission, take};
use domain::RateLimit;
use queue::{AT_ONCE_MAX, Admission, QueuedJob, Verdict};
use support::run;

fn verdicts(admissions: &[Admission]) -> Vec<&'static str> {
    let word = |admission: &Admission| match admission.verdict {
        Verdict::Enqueued => "enqueued",
        Verdict::Known(_) => "known",
        Verdict::Reused => "reused",
        Verdict::Contested => "contested",
        Verdict::Limited => "limited",
        Verdict::Full => "full",
    };
    admissions.iter().map(word).collect()
}

fn remaining(admissions: &[Admission]) -> Vec<u64> {
    admissions.iter().map(|admission| admission.quota.unwrap().remaining).collect()
}

#[tokio::test]
async fn the_first_of_twins_is_enqueued() {
    let (redis, queue) = started().await;
    let jobs = [job("a"), job("a"), other_request("a"), job("b"), job("a")];
    let admitted = admit_all(&queue, &jobs, ("ip:1", RateLimit::OFF), DEPTH_MAX).await;
    assert_eq!(verdicts(&admitted), ["enqueued", "known", "contested", "enqueued", "known"]);
    assert_eq!(queue.stats().await.unwrap().queued, 2);
    let mut connection = redis.connect().await.unwrap();
    assert_eq!(take(&mut connection, "w").await, job("a").id().to_string());
    assert_eq!(take(&mut connection, "w").await, job("b").id().to_string());
}

#[tokio::test]
async fn what_was_known_before_is_known_among_new_ones() {
    let (_redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    finish(&queue, "w", &[job("a")]).await;
    let jobs = [job("b"), job("a"), other_request("a"), job("c")];
    let admitted = admit_all(&queue, &jobs, ("ip:1", RateLimit::OFF), DEPTH_MAX).await;
    assert_eq!(verdicts(&admitted), ["enqueued", "known", "reused", "enqueued"]);
    let Verdict::Known(record) = &admitted[1].verdict else { panic!("not known") };
    assert_eq!(record.answer, Some(answer()));
}

#[tokio::test]
async fn tokens_are_spent_in_turn() {
    let (_redis, queue) = started().await;
    let jobs = [job("a"), job("a"), job("b"), job("c"), job("b")];
    let bucket = ("ip:1", limited(2, 7200));
    let admitted = admit_all(&queue, &jobs, bucket, DEPTH_MAX).await;
    assert_eq!(verdicts(&admitted), ["enqueued", "known", "enqueued", "limited", "known"]);
    assert_eq!(remaining(&admitted), [1, 1, 0, 0, 0]);
    assert_eq!(admitted[3].quota.unwrap().reset_seconds, 3600);
    // They are gone for the next call, too.
    let later = admit_all(&queue, &[job("d")], bucket, DEPTH_MAX).await;
    assert_eq!(verdicts(&later), ["limited"]);
}

#[tokio::test]
async fn each_client_has_its_own_limit() {
    let (redis, queue) = started().await;
    let submissions = [
        submission(&queue, &job("a"), ("few", limited(2, 7200))),
        submission(&queue, &job("b"), ("many", limited(600, 60))),
        submission(&queue, &job("c"), ("any", RateLimit::OFF)),
        submission(&queue, &job("d"), ("few", limited(2, 7200))),
        submission(&queue, &job("e"), ("few", limited(2, 7200))),
        submission(&queue, &job("f"), ("many", limited(600, 60))),
    ];
    let admitted = queue.admit(&submissions, DEPTH_MAX).await.unwrap();
    let admitted: Vec<_> = admitted.into_iter().map(Result::unwrap).collect();
    let expected = ["enqueued", "enqueued", "enqueued", "enqueued", "limited", "enqueued"];
    assert_eq!(verdicts(&admitted), expected);
    let left = admitted.iter().map(|admission| admission.quota.map(|quota| quota.remaining));
    let expected = [Some(1), Some(599), None, Some(0), Some(0), Some(598)];
    assert_eq!(left.collect::<Vec<_>>(), expected);
    let keys = support::keys(&mut redis.connect().await.unwrap()).await;
    assert!(!keys.contains(&"q:bucket:any".to_owned()), "{keys:?}");
}

#[tokio::test]
async fn tokens_that_are_spent_stay_spent_when_the_limit_is_changed() {
    let (_redis, queue) = started().await;
    let jobs = [job("a"), job("b"), job("c")];
    let (before, after) = (limited(4, 7200), limited(3, 3600));
    admit_all(&queue, &jobs, ("client:100", before), DEPTH_MAX).await;
    // Two keys of the client, of which one was looked up before the change.
    let submissions = [("d", after), ("e", before), ("f", after)];
    let submissions =
        submissions.map(|(key, limit)| submission(&queue, &job(key), ("client:100", limit)));
    let admitted = queue.admit(&submissions, DEPTH_MAX).await.unwrap();
    let admitted: Vec<_> = admitted.into_iter().map(Result::unwrap).collect();
    assert_eq!(verdicts(&admitted), ["enqueued", "limited", "limited"]);
    let waits = admitted.iter().map(|admission| admission.quota.unwrap().reset_seconds);
    assert_eq!(waits.collect::<Vec<_>>(), [1200, 1800, 1200]);
}

#[tokio::test]
async fn room_is_taken_in_turn() {
    let (_redis, queue) = started().await;
    let jobs = [job("a"), job("b"), job("c"), job("a")];
    let admitted = admit_all(&queue, &jobs, ("ip:1", limited(5, 3600)), 2).await;
    assert_eq!(verdicts(&admitted), ["enqueued", "enqueued", "full", "known"]);
    assert_eq!(remaining(&admitted), [4, 3, 3, 3]);
    assert_eq!(queue.stats().await.unwrap().queued, 2);
}

#[tokio::test]
async fn a_full_redis_refuses_what_is_new_and_knows_the_rest() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    run::<()>(&mut connection, "CONFIG SET maxmemory 1").await;
    let bucket = ("ip:1", limited(5, 3600));
    let submissions = ["b", "a"].map(|name| submission(&queue, &job(name), bucket));
    let admitted = queue.admit(&submissions, DEPTH_MAX).await.unwrap();
    let [Err(refused), Ok(known)] = admitted.as_slice() else { panic!("{admitted:?}") };
    let cause = std::error::Error::source(refused).unwrap().to_string();
    assert!(cause.contains("OOM"), "{cause}");
    assert!(matches!(known.verdict, Verdict::Known(_)));

    run::<()>(&mut connection, "CONFIG SET maxmemory 0").await;
    let admitted = admit_all(&queue, &[job("b")], bucket, DEPTH_MAX).await;
    assert_eq!((verdicts(&admitted), remaining(&admitted)), (vec!["enqueued"], vec![4]));
}

#[tokio::test]
async fn as_many_as_may_be_come_at_once() {
    let (_redis, queue) = started().await;
    let jobs: Vec<QueuedJob> = (0..AT_ONCE_MAX).map(|n| job(&format!("key-{n}"))).collect();
    let admitted = admit_all(&queue, &jobs, ("ip:1", RateLimit::OFF), DEPTH_MAX).await;
    assert!(admitted.iter().all(|admission| admission.verdict == Verdict::Enqueued));
    assert_eq!(queue.stats().await.unwrap().queued, AT_ONCE_MAX as u64);
}
