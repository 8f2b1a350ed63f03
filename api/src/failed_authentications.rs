//! Failed authentications, counted by peer.

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The failures that a peer may have in a [`WINDOW`].
const FAILURES_MAX: u32 = 20;

/// The time that a count lasts, from the first failure on.
const WINDOW: Duration = Duration::from_mins(1);

/// The most peers that are counted, which bounds the memory to a few megabytes. Beyond it those
/// that have not failed for the longest time are forgotten.
const PEERS_MAX: u64 = 10_000;

/// The failed authentications of the last minute in this process.
#[derive(Clone)]
pub(crate) struct FailedAuthentications(Cache<String, Arc<Count>>);

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
        Self(peers.eviction_policy(EvictionPolicy::lru()).build())
    }
}

impl FailedAuthentications {
    /// Counts one failure of `peer`.
    pub(crate) async fn count(&self, peer: String) -> Verdict {
        let ends = Instant::now() + WINDOW;
        let fresh = async { Arc::new(Count { ends, failures: AtomicU32::new(0) }) };
        let count = self.0.get_with(peer, fresh).await;
        let before = count.failures.fetch_add(1, Ordering::Relaxed);
        if before < FAILURES_MAX {
            return Verdict::Allowed;
        }
        let left = count.ends.saturating_duration_since(Instant::now());
        Verdict::Limited { first: before == FAILURES_MAX, seconds: left.as_secs() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    async fn the_number_of_peers_is_bounded_and_those_of_late_are_counted() {
        let failed = FailedAuthentications::default();
        for peer in 0..2 * PEERS_MAX {
            failed.count(peer.to_string()).await;
        }
        failed.0.run_pending_tasks().await;
        assert!(failed.0.entry_count() <= PEERS_MAX);
        let late = (2 * PEERS_MAX - 1).to_string();
        for _ in 1..20 {
            assert_eq!(failed.count(late.clone()).await, Verdict::Allowed);
        }
        assert_ne!(failed.count(late).await, Verdict::Allowed);
    }
}
