//! The clock of the sweeps: ticks of apalis-cron.
//!
//! A tick only wakes the sweeper. apalis-cron ends its worker when a tick falls due while another is
//! handled, and forgets ticks of the past. A sweep looks for what is due, and runs without a tick too
//! when none came for long, so nothing depends on a tick.

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::{Schedule, Tick};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// A tick every so often. Whole seconds, which is what apalis-cron counts in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Every(pub(crate) Duration);

impl<Tz> Schedule<Tz> for Every {
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        let now = u64::try_from(runtime::clock::now().timestamp()).ok()?;
        Some(Tick::new(now + self.0.as_secs().max(1)))
    }
}

/// How ticks reach the sweeper.
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

/// Handles a tick: wakes the sweeper.
pub(crate) async fn tick(_: Tick, ticks: Data<Ticks>) -> Result<(), BoxDynError> {
    ticks.0.0.notify_one();
    Ok(())
}
