//! The requests after the last fault: those without an outcome are repeated until there is one.
//! Then every request is sent once more, so that the history has its final answer.

use super::ask::{Apis, Manner};
use crate::history::{Exchange, Meaning, Phase, Submission};
use futures::StreamExt;
use futures::stream;
use std::collections::{BTreeMap, HashSet};
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

/// The requests of each key that has no outcome yet.
#[must_use]
pub fn open(history: &[Exchange]) -> Vec<Vec<Arc<Submission>>> {
    let outcome = |exchange: &&Exchange| {
        exchange.submission().is_some() && exchange.meaning() == Meaning::Outcome
    };
    let settled: HashSet<&str> = history.iter().filter(outcome).map(Exchange::key).collect();
    let open = by_key(history).into_iter().filter(|(key, _)| !settled.contains(key.as_str()));
    open.map(|(_, bodies)| bodies).collect()
}

/// Sends the requests of `keys` until each has an outcome or belongs to a twin, within the time
/// limits. Returns the number of keys without an outcome. Twins are sent one after the other: when
/// Redis has lost a key, the first request holds it until a worker has read the command log.
pub async fn insist(
    apis: &Apis,
    keys: &[Vec<Arc<Submission>>],
    phase: Phase,
    bounds: Bounds,
    done: impl Fn(),
) -> usize {
    let asks = stream::iter(keys.iter().enumerate()).map(|(number, bodies)| {
        let done = &done;
        async move {
            let mut settled = true;
            for what in bodies {
                settled &= insist_on(apis, what, number, phase, bounds).await;
            }
            done();
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
    for attempt in 0.. {
        if attempt > 0 && Instant::now() >= deadline {
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
