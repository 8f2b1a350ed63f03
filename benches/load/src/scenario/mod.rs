//! The four tests. The first three fit the default rate limit; the fourth takes what is left.

mod allowance;
mod health;
mod mixed;
mod read_back;
mod retries;
mod writes;

use std::time::{Duration, Instant};

use futures::{Stream, StreamExt as _, stream};
use uuid::Uuid;

use self::allowance::Allowance;
use crate::client::{Call, Client};
use crate::options::Options;
use crate::outcome::{Outcome, Sample};

/// Makes the emails and idempotency keys of a run differ from those of all other runs.
struct RunId(String);

impl RunId {
    fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    fn email(&self, name: &str) -> String {
        format!("load-{}-{name}@example.com", self.0)
    }

    fn key(&self, name: &str) -> String {
        format!("load-{}-{name}", self.0)
    }
}

/// Runs all tests in order. Those finished are in `outcomes`, whatever becomes of the next.
pub(crate) async fn run(
    client: &Client,
    options: &Options,
    outcomes: &mut Vec<Outcome>,
) -> anyhow::Result<()> {
    let run_id = RunId::new();
    let width = usize::from(options.concurrency);
    outcomes.push(health::run(client, width).await);
    let (retries, subscriber) = retries::run(client, &run_id).await?;
    outcomes.push(retries);
    let (mixed, allowance) = mixed::run(client, &run_id, width, &subscriber).await?;
    outcomes.push(mixed);
    let planned = usize::try_from(options.writes)?;
    outcomes.push(writes::run(client, &run_id, width, allowance.grant(planned)).await);
    Ok(())
}

/// A user made by one test and read by the next.
struct Subscriber {
    id: i64,
}

/// A measured stretch of requests.
struct Measured {
    /// In the order in which the requests were given.
    calls: Vec<Call>,
    wall: Duration,
    waited: Duration,
}

impl Measured {
    /// The outcome of a test that is this stretch and nothing else.
    fn outcome(&self, title: &'static str, sample: impl Fn(usize, &Call) -> Sample) -> Outcome {
        let calls = self.calls.iter().enumerate();
        let samples = calls.map(|(index, call)| sample(index, call)).collect();
        let (wall, waited) = (self.wall, self.waited);
        Outcome { samples, wall, waited, ..Outcome::new(title) }
    }
}

/// Sends all `requests`, at most `width` at a time.
async fn measure(
    client: &Client,
    width: usize,
    requests: impl Iterator<Item = impl Future<Output = Call>>,
) -> Measured {
    let (begun, waited_before) = (Instant::now(), client.waited());
    let mut calls: Vec<(usize, Call)> =
        in_flight(requests, width).inspect(|_| client.progress().step()).collect().await;
    let (wall, waited) = (begun.elapsed(), client.waited().saturating_sub(waited_before));
    calls.sort_unstable_by_key(|(index, _)| *index);
    Measured { calls: calls.into_iter().map(|(_, call)| call).collect(), wall, waited }
}

/// The answers as they come, each with the number of its request.
fn in_flight<F: Future<Output = Call>>(
    requests: impl Iterator<Item = F>,
    width: usize,
) -> impl Stream<Item = (usize, Call)> {
    let numbered =
        requests.enumerate().map(|(index, request)| async move { (index, request.await) });
    stream::iter(numbered).buffer_unordered(width)
}
