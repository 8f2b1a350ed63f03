//! The requests after the last fault: what was accepted is waited for, then those without an
//! outcome are repeated until there is one. Then every request is sent once more, so that the
//! history has its final answer.

use super::ask::{Apis, Manner};
use crate::history::{Exchange, Meaning, Phase, Submission};
use futures::StreamExt;
use futures::stream;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The number of requests that are sent at once.
const WIDTH: usize = 24;

/// The time limits of repeated requests.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The deadline of all requests together.
    pub deadline: Instant,
    /// The time limit of each request.
    pub each: Duration,
}

/// All requests of each key.
#[must_use]
pub fn by_key(history: &[Exchange]) -> BTreeMap<String, Vec<Arc<Submission>>> {
    let mut keys = BTreeMap::<String, Vec<Arc<Submission>>>::new();
    for submission in history.iter().filter_map(Exchange::submission) {
        let bodies = keys.entry(submission.key.clone()).or_default();
        if !bodies.contains(submission) {
            bodies.push(submission.clone());
        }
    }
    keys
}

/// The requests of each key that has no outcome yet. What was accepted and is among the decided
/// keys has one that was not asked for.
#[must_use]
pub fn open(history: &[Exchange], decided: &BTreeSet<String>) -> Vec<Vec<Arc<Submission>>> {
    let is_settled = |exchange: &&Exchange| {
        exchange.meaning() == Meaning::Outcome
            || is_accepted(exchange) && decided.contains(exchange.key())
    };
    let submissions = history.iter().filter(|exchange| exchange.submission().is_some());
    let settled: HashSet<&str> = submissions.filter(is_settled).map(Exchange::key).collect();
    let open = by_key(history).into_iter().filter(|(key, _)| !settled.contains(key.as_str()));
    open.map(|(_, bodies)| bodies).collect()
}

/// What was accepted and has no outcome yet: the request of each such key.
#[must_use]
pub fn accepted(history: &[Exchange], decided: &BTreeSet<String>) -> Vec<Arc<Submission>> {
    let accepted =
        history.iter().filter(|exchange| is_accepted(exchange)).filter_map(Exchange::submission);
    let accepted: BTreeMap<&str, _> = accepted.map(|what| (what.key.as_str(), what)).collect();
    let open = open(history, decided).into_iter();
    open.filter_map(|bodies| accepted.get(bodies.first()?.key.as_str()).map(|what| (*what).clone()))
        .collect()
}

fn is_accepted(exchange: &Exchange) -> bool {
    exchange.reply.as_ref().is_some_and(|reply| reply.status == 202)
}

/// Looks at the jobs of what was accepted until each has ended, or waits for a payment, and sends
/// nothing again.
pub async fn await_accepted(apis: &Apis, accepted: &[Arc<Submission>], deadline: Instant) {
    let waits = stream::iter(accepted.iter().enumerate()).map(async |(number, what)| {
        for attempt in 0.. {
            let manner = Manner {
                client: usize::MAX,
                phase: Phase::Settle,
                api: number + attempt,
                prefer: None,
                patience: Duration::from_secs(10),
            };
            let reply = apis.look(what, manner).await;
            if reply.is_some_and(|reply| reply.is_of_begun_job()) || deadline <= Instant::now() {
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
    });
    waits.buffer_unordered(WIDTH).collect::<()>().await;
}

/// Sends the requests of `keys` until each has an outcome or belongs to a twin, within the time
/// limits. Returns the number of keys without an outcome; `done` is told of each whether it has
/// one. Twins are sent one after the other: when Redis has lost a key, the first request holds it
/// until a worker has read the command log.
pub async fn insist(
    apis: &Apis,
    keys: &[Vec<Arc<Submission>>],
    phase: Phase,
    bounds: Bounds,
    done: impl Fn(bool),
) -> usize {
    let asks = stream::iter(keys.iter().enumerate()).map(|(number, bodies)| {
        let done = &done;
        async move {
            let mut settled = true;
            for what in bodies {
                settled &= insist_on(apis, what, number, phase, bounds).await;
            }
            done(settled);
            usize::from(!settled)
        }
    });
    asks.buffer_unordered(WIDTH).fold(0, async |sum, stuck| sum + stuck).await
}

async fn insist_on(
    apis: &Apis,
    what: &Arc<Submission>,
    number: usize,
    phase: Phase,
    bounds: Bounds,
) -> bool {
    let deadline = bounds.deadline.min(Instant::now() + bounds.each);
    // What is sent again for the last time may be left out, but nobody is settled unasked.
    let asks_anyway = usize::from(phase == Phase::Settle);
    for attempt in 0.. {
        if attempt >= asks_anyway && Instant::now() >= deadline {
            break;
        }
        let manner = Manner {
            client: usize::MAX,
            phase,
            api: number + attempt,
            prefer: Some("wait=3"),
            patience: Duration::from_secs(10),
        };
        let reply = apis.submit(what, manner).await;
        match reply.map(|reply| reply.meaning()) {
            Some(Meaning::Outcome | Meaning::Reused) => return true,
            Some(Meaning::Wrong) => return false,
            Some(Meaning::Unknown | Meaning::TryAgain) | None => {
                sleep(Duration::from_millis(250)).await;
            }
        }
    }
    false
}
