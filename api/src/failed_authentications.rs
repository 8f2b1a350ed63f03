//! Failed authentications, counted by peer.

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The failures that a peer may have in a [`WINDOW`].
const FAILURES_MAX: u32 = 20;

/// The time that a count lasts, from the first failure on.
const WINDOW: Duration = Duration::from_mins(1);

/// The look-ups at once of keys that peers present who have failed too often. They share them, so
/// that guesses do not take the connections to Postgres from everybody else.
const TURNS: usize = 2;

/// The most peers that are counted, which bounds the memory to a few megabytes. Beyond it those
/// that have not failed for the longest time are forgotten.
const PEERS_MAX: u64 = 10_000;

/// The failed authentications of the last minute in this process.
#[derive(Clone)]
pub(crate) struct FailedAuthentications {
    peers: Cache<String, Arc<Count>>,
    turns: Arc<Semaphore>,
}

/// The failures of one peer.
struct Count {
    ends: Instant,
    failures: AtomicU32,
}

/// What follows from a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The peer may try again.
    Allowed,
    /// The peer has failed too often. Its window ends in so many seconds.
    Limited {
        /// Whether it is the first failure beyond the limit.
        first: bool,
        /// The seconds until the window ends, rounded up.
        seconds: u64,
    },
}

impl Default for FailedAuthentications {
    fn default() -> Self {
        let peers = Cache::builder().max_capacity(PEERS_MAX).time_to_live(WINDOW);
        let peers = peers.eviction_policy(EvictionPolicy::lru()).build();
        Self { peers, turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

impl FailedAuthentications {
    /// Counts one failure of `peer`.
    pub(crate) async fn count(&self, peer: String) -> Verdict {
        let ends = Instant::now() + WINDOW;
        let fresh = async { Arc::new(Count { ends, failures: AtomicU32::new(0) }) };
        let count = self.peers.get_with(peer, fresh).await;
        let before = count.failures.fetch_add(1, Ordering::Relaxed);
        if before < FAILURES_MAX {
            return Verdict::Allowed;
        }
        let left = count.ends.saturating_duration_since(Instant::now());
        Verdict::Limited { first: before == FAILURES_MAX, seconds: left.as_secs() + 1 }
    }

    /// Waits for a turn to look up a key that `peer` presents, if the peer has failed too often.
    /// The key may be valid all the same.
    pub(crate) async fn turn(&self, peer: &str) -> Option<SemaphorePermit<'_>> {
        let count = self.peers.get(peer).await?;
        if count.failures.load(Ordering::Relaxed) < FAILURES_MAX {
            return None;
        }
        self.turns.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn each_peer_has_20_failures_a_minute() {
        let failed = FailedAuthentications::default();
        for _ in 0..20 {
            assert_eq!(failed.count("a".to_owned()).await, Verdict::Allowed);
        }
        for first in [true, false, false] {
            let limited = Verdict::Limited { first, seconds: 60 };
            assert_eq!(failed.count("a".to_owned()).await, limited);
        }
        assert_eq!(failed.count("b".to_owned()).await, Verdict::Allowed);
    }

    #[tokio::test]
    async fn those_who_fail_too_often_wait_for_each_other_and_nobody_else_does() {
        let failed = FailedAuthentications::default();
        for _ in 0..20 {
            assert!(failed.turn("a").await.is_none());
            failed.count("a".to_owned()).await;
        }
        let turns = [failed.turn("a").await, failed.turn("a").await];
        assert!(turns.iter().all(Option::is_some));
        assert!(failed.turn("a").now_or_never().is_none());
        assert!(failed.turn("b").await.is_none());
        drop(turns);
        assert!(failed.turn("a").await.is_some());
    }

    #[tokio::test]
    async fn the_number_of_peers_is_bounded_and_those_of_late_are_counted() {
        let failed = FailedAuthentications::default();
        for peer in 0..2 * PEERS_MAX {
            failed.count(peer.to_string()).await;
        }
        failed.peers.run_pending_tasks().await;
        assert!(failed.peers.entry_count() <= PEERS_MAX);
        let late = (2 * PEERS_MAX - 1).to_string();
        for _ in 1..20 {
            assert_eq!(failed.count(late.clone()).await, Verdict::Allowed);
        }
        assert_ne!(failed.count(late).await, Verdict::Allowed);
    }
}
