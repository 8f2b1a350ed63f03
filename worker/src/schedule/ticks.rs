//! When the sweeps run: ticks of apalis-cron.
//!
//! A tick only starts a sweep. apalis-cron ends its worker when a tick falls due while another is
//! handled, and skips ticks of the past. A sweep looks for what is due, and also runs when no tick
//! came for long, so nothing depends on a tick.

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::{CronScheduler, Schedule, Tick};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// A schedule with a fixed interval. apalis-cron counts in whole seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Every(Duration);

impl<Tz> Schedule<Tz> for Every {
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        // apalis-cron compares with the clock of this host, and ends for a tick of its past.
        let now = u64::try_from(runtime::clock::host().timestamp()).ok()?;
        Some(Tick::new(now + self.0.as_secs().max(1)))
    }
}

/// A source of ticks for an apalis worker.
pub(crate) fn every(interval: Duration) -> CronScheduler<Every> {
    CronScheduler::new(Every(interval))
}

/// The notification of ticks to the sweeps.
#[derive(Clone, Default)]
pub(crate) struct Ticks(Arc<Notify>);

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

impl Ticks {
    /// Returns at the next tick, or after twice the interval between ticks.
    pub(crate) async fn next(&self, interval: Duration) {
        let _ = timeout(2 * interval, self.0.notified()).await;
    }
}

/// Handles a tick: starts a sweep.
pub(crate) async fn tick(_: Tick, ticks: Data<Ticks>) -> Result<(), BoxDynError> {
    ticks.0.0.notify_one();
    Ok(())
}
