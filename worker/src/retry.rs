//! When a step is tried again: during an outage of Postgres or Redis, and while other transactions
//! are in the way.

use crate::fault::{Fault, Recovery};
use queue::QueueError;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The pauses during an outage: from the first to the second, each twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often a transaction is repeated because of others in its way before that counts as a fault.
const CONFLICT_TRIES: u32 = 5;

/// The time for one transaction, which takes milliseconds: from the first to the second, each twice
/// as long as the one before. Postgres bounds each statement. This bound is for a connection that
/// is silent: it is short at first, and longer when Postgres turns out to be slow.
const TRANSACTION_MIN: Duration = Duration::from_secs(3);
const TRANSACTION_MAX: Duration = Duration::from_secs(15);

/// How long our own transaction that did not end in time may hold what its next try needs. While a
/// COMMIT waits for a standby that is gone, so would every other one.
const OWN_LOCKS_MAX: Duration = Duration::from_secs(30);

/// Repeats steps until the worker stops.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy(CancellationToken);

impl RetryPolicy {
    /// A policy that holds until `stop`.
    pub(crate) const fn until(stop: CancellationToken) -> Self {
        Self(stop)
    }

    /// Runs a step that needs Redis until it succeeds; `None` if the worker stops first.
    pub(crate) async fn with_redis<T, F>(&self, mut step: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        let mut pause = PAUSE_MIN;
        loop {
            match step().await {
                Ok(done) => return Some(done),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(cause, "waiting for Redis");
                }
            }
            self.pause(&mut pause).await?;
        }
    }

    /// Runs a transaction until it succeeds or fails by a fault other than an outage; each try ends
    /// within the time that it is given. Fails with [`Fault::Stopping`] if the worker stops first.
    pub(crate) async fn with_postgres<T, F>(
        &self,
        mut step: impl FnMut(Duration) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (mut tries, mut pause, mut limit) = (0, PAUSE_MIN, TRANSACTION_MIN);
        let mut silent_since = None;
        loop {
            let fault = match step(limit).await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            if matches!(fault, Fault::TimedOut) {
                limit = (limit * 2).min(TRANSACTION_MAX);
                silent_since.get_or_insert_with(Instant::now);
            }
            // Nobody knows yet how our own transaction ends which did not answer.
            let is_own_lock = silent_since.is_some_and(|since| since.elapsed() < OWN_LOCKS_MAX);
            match fault.recovery() {
                Recovery::SetAside if is_own_lock => self.wait(&fault, &mut pause).await?,
                Recovery::Wait => self.wait(&fault, &mut pause).await?,
                Recovery::Again if tries < CONFLICT_TRIES => tries += 1,
                Recovery::Again | Recovery::SetAside | Recovery::Split | Recovery::HandBack => {
                    return Err(fault);
                }
            }
        }
    }

    async fn wait(&self, fault: &Fault, pause: &mut Duration) -> Result<(), Fault> {
        tracing::warn!(cause = fault.full_cause(), "waiting for Postgres or Redis");
        self.pause(pause).await.ok_or(Fault::Stopping)
    }

    /// Waits for `pause`, and doubles it; `None` if the worker stops first.
    async fn pause(&self, pause: &mut Duration) -> Option<()> {
        self.0.run_until_cancelled(sleep(*pause)).await?;
        *pause = (*pause * 2).min(PAUSE_MAX);
        Some(())
    }
}
