//! Waiting for jobs.

use crate::sample::job;
use crate::steps::{connect, finish, started};
use queue::{Outcomes, Queue, Ticket, Waited};
use std::time::Duration;
use tokio::time::Instant;
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
    let (redis, queue) = started().await;
    let other = connect(&redis).await.unwrap();
    let (one, two) = (subscribe(&queue, 9), subscribe(&other, 9));
    let jobs = [job("a"), job("b")];
    let tickets = [one.ticket(job("a").id()), one.ticket(job("a").id()), two.ticket(job("a").id())];
    let publish = finish(&queue, "w", &jobs);
    let waiting = tickets.map(|ticket| wait(&queue, ticket.unwrap()));
    let [first, second, third] = waiting;
    let (a, b, c, ()) = tokio::join!(first, second, third, publish);
    // Whoever was not yet subscribed when it was announced looks, and finds it.
    assert!([a, b, c].iter().all(|how| *how != "timed out"));
}

#[tokio::test]
async fn an_outcome_announced_while_nobody_listened_is_found_by_looking() {
    let (mut redis, queue) = started().await;
    let outcomes = subscribe(&queue, 9);
    let ticket = outcomes.ticket(job("a").id()).unwrap();
    redis.kill();
    redis.resume().await.unwrap();
    let again = connect(&redis).await.unwrap();
    finish(&again, "w", &[job("a")]).await;
    assert_ne!(wait(&again, ticket).await, "timed out");
}

#[tokio::test]
async fn those_who_wait_are_bounded_and_make_room_when_they_leave() {
    let (_redis, queue) = started().await;
    let outcomes = subscribe(&queue, 1);
    let first = outcomes.ticket(job("a").id());
    assert!(first.is_some());
    assert!(outcomes.ticket(job("b").id()).is_none());
    drop(first);
    assert!(outcomes.ticket(job("b").id()).is_some());
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline() {
    let (_redis, queue) = started().await;
    let ticket = subscribe(&queue, 1).ticket(job("a").id()).unwrap();
    let waited = ticket.wait(Instant::now(), || async { None::<()> }).await;
    assert!(matches!(waited, Waited::TimedOut));
}
