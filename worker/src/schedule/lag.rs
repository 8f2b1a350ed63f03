//! For how long the most overdue row has been due. It is asked apart from what is done about it, so
//! that it grows while every sweep fails, and also while Postgres cannot be asked.

use crate::schedule::finders::Finder;
use std::time::Duration;
use store::Database;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The time between two looks. Each reads one row by an index.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks until `stop`.
pub(crate) async fn watch(database: Database, stop: CancellationToken) {
    let mut lags = Finder::ALL.map(Lag::new);
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for lag in &mut lags {
            let kind = lag.finder.kind();
            let seconds = lag.look(&database).await.as_secs_f64();
            metrics::gauge!("commerce_sweep_lag_seconds", "kind" => kind).set(seconds);
        }
    }
}

/// What is known of one table.
pub(crate) struct Lag {
    finder: Finder,
    known: Duration,
    at: Instant,
}

impl Lag {
    /// Nothing was due at the start, as far as is known.
    pub(crate) fn new(finder: Finder) -> Self {
        Self { finder, known: Duration::ZERO, at: Instant::now() }
    }

    /// The lag. What was due at the last look may still be, unless Postgres says otherwise.
    pub(crate) async fn look(&mut self, database: &Database) -> Duration {
        if let Ok(lag) = self.finder.lag(database).await {
            (self.known, self.at) = (lag, Instant::now());
            return lag;
        }
        self.known + self.at.elapsed()
    }
}
