//! When a step is tried again: during an outage of Postgres or Redis, and while other transactions
//! are in the way.

use crate::fault::{Fault, Recovery};
use queue::QueueError;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pauses during an outage: from the first to the second, each twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often a transaction is repeated because of others in its way before that counts as a fault.
const CONFLICT_TRIES: u32 = 5;

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

    /// Runs a step that needs Postgres, and perhaps Redis, until it succeeds or fails by a fault
    /// other than an outage. Fails with [`Fault::Stopping`] if the worker stops first.
    pub(crate) async fn with_postgres<T, F>(&self, mut step: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (mut tries, mut pause) = (0, PAUSE_MIN);
        loop {
            let fault = match step().await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            match fault.recovery() {
                Recovery::Wait => {
                    tracing::warn!(cause = fault.full_cause(), "waiting for Postgres or Redis");
                    self.pause(&mut pause).await.ok_or(Fault::Stopping)?;
                }
                Recovery::Again if tries < CONFLICT_TRIES => tries += 1,
                Recovery::Again | Recovery::Split | Recovery::HandBack => return Err(fault),
            }
        }
    }

    /// Waits for `pause`, and doubles it; `None` if the worker stops first.
    async fn pause(&self, pause: &mut Duration) -> Option<()> {
        self.0.run_until_cancelled(sleep(*pause)).await?;
        *pause = (*pause * 2).min(PAUSE_MAX);
        Some(())
    }
}
