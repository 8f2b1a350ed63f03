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
async fn wait(queue: &Queue, mut ticket: Ticket) -> &'static str {
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
    let tickets = [
        one.ticket(job("a").id(), "c"),
        one.ticket(job("a").id(), "d"),
        two.ticket(job("a").id(), "c"),
    ];
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
    let ticket = outcomes.ticket(job("a").id(), "c").unwrap();
    redis.kill();
    redis.resume().await.unwrap();
    let again = connect(&redis).await.unwrap();
    finish(&again, "w", &[job("a")]).await;
    assert_ne!(wait(&again, ticket).await, "timed out");
}

#[tokio::test]
async fn those_who_wait_are_bounded_and_make_room_when_they_leave() {
    let (_redis, queue) = started().await;
    let outcomes = subscribe(&queue, 8);
    // Requests are counted, also those that wait for one job.
    let ticket = |client: usize| outcomes.ticket(job("a").id(), &client.to_string());
    let mut tickets: Vec<_> = (0..4).flat_map(|client| [ticket(client), ticket(client)]).collect();
    assert!(tickets.iter().all(Option::is_some));
    assert!(ticket(4).is_none());
    tickets.pop();
    assert!(ticket(4).is_some());
}

#[tokio::test]
async fn one_client_takes_no_more_than_its_share() {
    let (_redis, queue) = started().await;
    let outcomes = subscribe(&queue, 8);
    let ticket = |key: &str, client| outcomes.ticket(job(key).id(), client);
    let two = [ticket("a", "greedy"), ticket("b", "greedy")];
    assert!(two.iter().all(Option::is_some));
    assert!(ticket("a", "greedy").is_none() && ticket("c", "greedy").is_none());
    assert!(ticket("a", "other").is_some());
    drop(two);
    // An outcome makes room, too.
    let one = ticket("a", "greedy").unwrap();
    let jobs = [job("a")];
    let (announced, ()) = tokio::join!(wait(&queue, one), finish(&queue, "w", &jobs));
    assert_ne!(announced, "timed out");
    assert!([ticket("a", "greedy"), ticket("b", "greedy")].iter().all(Option::is_some));
    // However few places there are, each client may have one.
    let few = subscribe(&queue, 1);
    assert!(few.ticket(job("a").id(), "c").is_some());
    assert!(subscribe(&queue, 0).ticket(job("a").id(), "c").is_none());
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline() {
    let (_redis, queue) = started().await;
    let mut ticket = subscribe(&queue, 1).ticket(job("a").id(), "c").unwrap();
    let waited = ticket.wait(Instant::now(), || async { None::<()> }).await;
    assert!(matches!(waited, Waited::TimedOut));
}
