//! What Redis still has of jobs, and jobs that are admitted again.

use crate::sample::{given_up, job, job_key, later, other_request};
use crate::steps::{admit, admit_one, finish, started, take};
use domain::{JobStatus, RateLimit};
use queue::{Presence, QueuedJob, Verdict, authenticate};
use std::slice;
use support::run;

#[tokio::test]
async fn each_state_of_a_job_is_told_apart() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let jobs = ["none", "waits", "done", "dead", "torn"].map(job);
    let dead = jobs[3].id().to_string();
    for job in [&jobs[3], &jobs[1], &jobs[2], &jobs[4]] {
        admit(&queue, job).await;
    }
    assert_eq!(take(&mut connection, "w").await, dead);
    finish(&queue, "w", &jobs[2..3]).await;
    queue.bury("w", &dead, given_up(), "cause", jobs[3].submitted_at).await.unwrap();
    run::<()>(&mut connection, &format!("HDEL q:data {}", jobs[4].id())).await;

    let ids: Vec<_> = jobs.iter().map(QueuedJob::id).collect();
    let expected =
        [Presence::Lost, Presence::Underway, Presence::Finished, Presence::Ended, Presence::Lost];
    assert_eq!(queue.presence(&ids).await.unwrap(), expected);
    queue.discard(jobs[3].id()).await.unwrap();
    assert_eq!(queue.presence(&ids).await.unwrap(), expected);
}

#[tokio::test]
async fn an_error_is_not_an_absence() {
    let (mut redis, queue) = started().await;
    admit(&queue, &job("a")).await;
    redis.kill();
    queue.presence(&[job("a").id()]).await.unwrap_err();
}

#[tokio::test]
async fn a_lost_job_is_admitted_again_as_of_its_first_time_whatever_the_bounds() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let bucket = ("c", RateLimit::new(1, 7200).unwrap());
    assert_eq!(admit_one(&queue, &job("a"), bucket).await.verdict, Verdict::Enqueued);
    assert_eq!(admit_one(&queue, &job("b"), bucket).await.verdict, Verdict::Limited);

    let key = job_key("a1b2c3d4");
    let accepted = [job("a"), job("b")].map(|job| job.accepted(job.submitted_at));
    let jobs = accepted.map(|accepted| QueuedJob::of_accepted(&accepted).unwrap());
    assert_eq!(jobs, [job("a"), job("b")]);
    assert_eq!(queue.readmit(&jobs, &key).await.unwrap(), [job("b").id()]);
    assert!(queue.readmit(&jobs, &key).await.unwrap().is_empty());
    let record = queue.record(job("b").id()).await.unwrap().unwrap();
    assert_eq!((record.status, record.submitted_at), (JobStatus::Queued, job("b").submitted_at));
    let payload: Vec<u8> = run(&mut connection, &format!("HGET q:data {}", job("b").id())).await;
    let keys = domain::JobKeys::new(vec![key]).unwrap();
    authenticate(&job("b"), &payload, &keys, job("b").submitted_at).unwrap();
    assert_eq!(queue.stats().await.unwrap().queued, 2);
}

#[tokio::test]
async fn a_job_whose_task_is_gone_is_admitted_again_for_whatever_request() {
    for again in [later("a"), other_request("a")] {
        let (redis, queue) = started().await;
        let mut connection = redis.connect().await.unwrap();
        admit(&queue, &job("a")).await;
        let tear = format!("HDEL q:data {}", job("a").id());
        run::<()>(&mut connection, &tear).await;
        let readmitted = queue.readmit(slice::from_ref(&again), &job_key("a1b2c3d4")).await;
        assert_eq!(readmitted.unwrap(), [again.id()]);
        let record = queue.record(job("a").id()).await.unwrap().unwrap();
        assert_eq!(record.fingerprint, again.fingerprint);
        assert_eq!(queue.presence(&[again.id()]).await.unwrap(), [Presence::Underway]);
    }
}

#[tokio::test]
async fn an_accepted_job_has_the_time_that_it_was_given() {
    let first = job("a").submitted_at;
    let accepted = later("a").accepted(first);
    assert_eq!((accepted.submitted_at, accepted.job), (first, job("a").id()));
    assert_eq!(QueuedJob::of_accepted(&accepted).unwrap(), job("a"));
}
