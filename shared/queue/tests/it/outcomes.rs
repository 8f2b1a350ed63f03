//! Waiting for jobs.

use crate::redis_server::RedisServer;
use crate::sample::{answer, job, settled};
use shared::queue::Queue;
use shared::queue::outcomes::{Outcomes, Ticket, Waited};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

fn subscribe(queue: &Queue, waiting_max: usize) -> Outcomes {
    Outcomes::subscribe(queue, waiting_max, CancellationToken::new())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Waits with looks at the record, as the api does.
async fn wait(queue: &Queue, ticket: Ticket) -> &'static str {
    let look = || async { queue.record(job("a").id()).await.ok().flatten()?.answer };
    match ticket.wait(soon(), look).await {
        Waited::Announced(_) => "announced",
        Waited::Looked(_) => "looked",
        Waited::TimedOut => "timed out",
    }
}

#[tokio::test]
async fn every_process_hears_of_every_outcome() {
    let redis = RedisServer::start();
    let (queue, other) = (redis.queue().await, redis.queue().await);
    let (one, two) = (subscribe(&queue, 9), subscribe(&other, 9));
    let tickets = [one.ticket(job("a").id()), one.ticket(job("a").id()), two.ticket(job("a").id())];
    let tell = async {
        queue.finish("w", &[settled(&job("a"), &answer()), settled(&job("b"), &answer())]).await
    };
    let waiting = tickets.map(|ticket| wait(&queue, ticket.unwrap()));
    let [first, second, third] = waiting;
    let (a, b, c, told) = tokio::join!(first, second, third, tell);
    told.unwrap();
    // Whoever was not yet subscribed when it was announced looks, and finds it.
    assert!([a, b, c].iter().all(|how| *how != "timed out"));
}

#[tokio::test]
async fn an_outcome_announced_while_nobody_listened_is_found_by_looking() {
    let mut redis = RedisServer::start();
    let queue = redis.queue().await;
    let outcomes = subscribe(&queue, 9);
    let ticket = outcomes.ticket(job("a").id()).unwrap();
    redis.kill();
    redis.resume();
    let again = redis.queue().await;
    again.finish("w", &[settled(&job("a"), &answer())]).await.unwrap();
    assert_ne!(wait(&again, ticket).await, "timed out");
}

#[tokio::test]
async fn those_who_wait_are_bounded_and_make_room_when_they_leave() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let outcomes = subscribe(&queue, 1);
    let first = outcomes.ticket(job("a").id());
    assert!(first.is_some());
    assert!(outcomes.ticket(job("b").id()).is_none());
    drop(first);
    assert!(outcomes.ticket(job("b").id()).is_some());
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline() {
    let redis = RedisServer::start();
    let queue = redis.queue().await;
    let ticket = subscribe(&queue, 1).ticket(job("a").id()).unwrap();
    let waited = ticket.wait(Instant::now(), || async { None::<()> }).await;
    assert!(matches!(waited, Waited::TimedOut));
    sleep(Duration::ZERO).await;
}
