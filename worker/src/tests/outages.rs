//! How soon after a long outage the work goes on.

use crate::fault::Fault;
use crate::retry::RetryPolicy;
use queue::{ConnectError, Queue, QueueError, QueueSettings};
use std::time::Duration;
use store::Database;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const OUTAGE: Duration = Duration::from_hours(1);

/// The time after its end within which all is decided, as RELIABILITY.md says.
const AFTER: Duration = Duration::from_secs(30);

fn policy() -> RetryPolicy {
    RetryPolicy::until(CancellationToken::new())
}

/// The error of a Postgres that is not there.
async fn refused(database: &Database) -> Fault {
    database.now().await.unwrap_err().into()
}

/// The error of a Redis that is not there.
async fn refused_by_redis() -> QueueError {
    let settings = QueueSettings { url: "redis://127.0.0.1:1", name: "commerce", ttl_seconds: 60 };
    match Queue::connect(settings).await {
        Err(ConnectError::Unusable(error)) => error,
        _ => panic!("there is a Redis at port 1"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_postgres_costs_a_batch_no_more_than_its_end() {
    let database = Database::new("postgres://postgres@127.0.0.1:1/none", 1).unwrap();
    for is_silent in [false, true] {
        let (database, end) = (&database, Instant::now() + OUTAGE);
        let mut tries = 0;
        let step = |limit| {
            tries += 1;
            async move {
                if Instant::now() >= end {
                    return Ok(());
                }
                if is_silent {
                    sleep(limit).await;
                    return Err(Fault::TimedOut);
                }
                Err(refused(database).await)
            }
        };
        policy().with_postgres(step).await.unwrap();
        assert!(end.elapsed() < AFTER, "{is_silent}: {:?}", end.elapsed());
        assert!(tries > 100, "{is_silent}: {tries}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_redis_costs_an_answer_no_more_than_its_end() {
    let end = Instant::now() + OUTAGE;
    let step =
        || async move { if Instant::now() < end { Err(refused_by_redis().await) } else { Ok(()) } };
    policy().with_redis(step).await.unwrap();
    assert!(end.elapsed() < AFTER, "{:?}", end.elapsed());
}
