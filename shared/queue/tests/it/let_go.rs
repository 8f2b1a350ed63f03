//! Jobs that are decided and wait for an effect: no worker has their tasks, and they are known all
//! the same.

use crate::sample::{answer, entry, job, later, other_request};
use crate::steps::{admit, bury, finish, let_go, started, status, take};
use domain::JobStatus;
use queue::{Outcomes, Presence, Verdict, Waited};
use std::time::Duration;
use support::run;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_task_is_gone_and_the_record_says_that_it_runs() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    let_go(&queue, "w", &[job("a")]).await;
    for empty in ["SCARD q:inflight:w", "HLEN q:data", "LLEN q:active", "HLEN q:progress"] {
        assert_eq!(run::<u8>(&mut connection, empty).await, 0, "{empty}");
    }
    let record = queue.record(job("a").id()).await.unwrap().unwrap();
    assert!(record.awaits_effect && record.answer.is_none() && record.finished_at.is_none());
    assert_eq!((record.status, record.attempts), (JobStatus::Running, 1));
    let ttl = format!("TTL q:job:{}", job("a").id());
    let left: i64 = run(&mut connection, &ttl).await;
    assert!((604_700..=604_800).contains(&left), "the command log has what is lost: {left}");
}

#[tokio::test]
async fn it_is_known_to_admission_and_not_lost() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    let_go(&queue, "w", &[job("a")]).await;
    let Verdict::Known(record) = admit(&queue, &later("a")).await else { panic!("not known") };
    assert!(record.awaits_effect);
    assert_eq!(admit(&queue, &other_request("a")).await, Verdict::Contested);
    assert_eq!(queue.presence(&[job("a").id()]).await.unwrap(), [Presence::Underway]);
    assert_eq!(run::<u8>(&mut connection, "LLEN q:active").await, 0);
}

/// The effect may be faster than whoever lets go of the task.
#[tokio::test]
async fn it_never_takes_the_place_of_an_answer() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    queue.publish_settled(&[entry(&job("a"))]).await.unwrap();
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 1);
    let_go(&queue, "w", &[job("a")]).await;
    assert_eq!(status(&queue, "a").await, (JobStatus::Succeeded, 1));
    assert_eq!(run::<u8>(&mut connection, "SCARD q:inflight:w").await, 0);
    assert_eq!(queue.payload(job("a").id()).await.unwrap(), None);
}

#[tokio::test]
async fn its_answer_is_stored_and_announced_when_the_effect_has_brought_it() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    let outcomes = Outcomes::subscribe(&queue, 8, CancellationToken::new());
    let mut ticket = outcomes.ticket(job("a").id(), "client").unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    let_go(&queue, "w", &[job("a")]).await;
    queue.publish_settled(&[entry(&job("a"))]).await.unwrap();
    let look = || async { queue.record(job("a").id()).await.ok().flatten()?.answer };
    match ticket.wait(Instant::now() + SOON, look).await {
        Waited::Announced(outcome) => assert_eq!(outcome.answer, answer()),
        Waited::Looked(found) => assert_eq!(found, answer()),
        Waited::TimedOut => panic!("neither announced nor stored"),
    }
    let ttl = format!("TTL q:job:{}", job("a").id());
    assert!((86_300..=86_400).contains(&run::<i64>(&mut connection, &ttl).await));
}

#[tokio::test]
async fn answers_and_what_waits_for_them_are_told_apart_in_one_batch() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    for key in ["a", "b"] {
        admit(&queue, &job(key)).await;
        take(&mut connection, "w").await;
    }
    let_go(&queue, "w", &[job("a")]).await;
    finish(&queue, "w", &[job("b")]).await;
    assert_eq!(status(&queue, "a").await.0, JobStatus::Running);
    assert_eq!(status(&queue, "b").await.0, JobStatus::Succeeded);
}

/// A worker that was paused, or whose Redis was started again, still has the task.
#[tokio::test]
async fn who_gives_it_up_or_back_afterwards_leaves_it_as_it_is() {
    let (redis, queue) = started().await;
    let mut connection = redis.connect().await.unwrap();
    admit(&queue, &job("a")).await;
    take(&mut connection, "w").await;
    let_go(&queue, "other", &[job("a")]).await;
    bury(&queue, "w", "cause").await;
    assert_eq!(run::<u8>(&mut connection, "SCARD q:dead").await, 0);
    assert!(queue.record(job("a").id()).await.unwrap().unwrap().awaits_effect);
    // What is held without its data is dropped, but not its record.
    let hold = format!("SADD q:inflight:ended {}", job("a").id());
    run::<u8>(&mut connection, &hold).await;
    assert_eq!(queue.release("ended").await.unwrap(), 0);
    assert!(queue.record(job("a").id()).await.unwrap().unwrap().awaits_effect);
}
