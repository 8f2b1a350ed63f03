//! The sweeps, and when they run: at start, and then at each tick of apalis-cron.
//!
//! A tick only wakes the sweeper. apalis-cron ends its worker when a tick falls due while another is
//! handled, and forgets ticks of the past; a sweep looks for what is due, so neither matters.

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::{Schedule, Tick};
use shared::clock;
use shared::store::sweep::{self, Step};
use shared::store::{PgPool, StoreError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Rows marked in one transaction: short enough that no command waits for it for long.
const SWEEP_BATCH: i64 = 500;

/// A tick every so often. Whole seconds, which is what apalis-cron counts in.
#[derive(Debug, Clone, Copy)]
pub struct Every(pub Duration);

impl<Tz> Schedule<Tz> for Every {
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        let now = u64::try_from(clock::now().timestamp()).ok()?;
        Some(Tick::new(now + self.0.as_secs().max(1)))
    }
}

/// How ticks reach the sweeper.
#[derive(Clone, Default)]
pub struct Ticks(Arc<Notify>);

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

/// Handles a tick: wakes the sweeper.
pub async fn tick(_: Tick, ticks: Data<Ticks>) -> Result<(), BoxDynError> {
    ticks.0.0.notify_one();
    Ok(())
}

/// Sweeps now, and at each tick, until `stop`.
pub async fn run(pool: PgPool, ticks: Ticks, stop: CancellationToken) {
    loop {
        sweep_all(&pool, &stop).await;
        if stop.run_until_cancelled(ticks.0.notified()).await.is_none() {
            return;
        }
    }
}

async fn sweep_all(pool: &PgPool, stop: &CancellationToken) {
    sweep("subscription", stop, || sweep::expire_subscriptions(pool, SWEEP_BATCH)).await;
    sweep("gift", stop, || sweep::expire_gifts(pool, SWEEP_BATCH)).await;
}

/// Steps until nothing is left, or the worker stops. A fault ends it until the next tick.
async fn sweep<F>(kind: &'static str, stop: &CancellationToken, mut expire: impl FnMut() -> F)
where
    F: Future<Output = Result<Step, StoreError>>,
{
    let (mut rows, mut lag) = (0, 0.0_f64);
    while !stop.is_cancelled() {
        let done = match expire().await {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(kind, %error, "sweep failed; the next one goes on");
                break;
            }
        };
        rows += done.expired;
        lag = lag.max(done.lag.as_seconds_f64());
        metrics::counter!("commerce_sweep_rows_total", "kind" => kind)
            .increment(u64::try_from(done.expired).unwrap_or_default());
        if i64::try_from(done.expired).is_ok_and(|expired| expired < SWEEP_BATCH) {
            break;
        }
    }
    metrics::gauge!("commerce_sweep_lag_seconds", "kind" => kind).set(lag);
    if rows > 0 {
        tracing::info!(kind, rows, lag_seconds = lag, "expired");
    }
}
