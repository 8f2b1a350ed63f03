//! The sweeps, which mark gifts and subscriptions as expired: at the start, then at each tick.

use crate::schedule::ticks::Ticks;
use std::time::Duration;
use store::sweep::{self, Step};
use store::{Database, StoreError};
use tokio_util::sync::CancellationToken;

/// The largest number of rows marked in one transaction: few enough that no command waits long for
/// it.
const SWEEP_BATCH: i64 = 500;

/// Sweeps now, and at each tick, until `stop`.
pub(crate) async fn run(
    database: Database,
    ticks: Ticks,
    interval: Duration,
    stop: CancellationToken,
) {
    loop {
        sweep_all(&database, &stop).await;
        if stop.run_until_cancelled(ticks.next(interval)).await.is_none() {
            return;
        }
    }
}

async fn sweep_all(database: &Database, stop: &CancellationToken) {
    sweep("subscription", stop, || sweep::expire_subscriptions(database, SWEEP_BATCH)).await;
    sweep("gift", stop, || sweep::expire_gifts(database, SWEEP_BATCH)).await;
}

/// Repeats the step until nothing is due, or the worker stops. A fault ends the sweep until the
/// next tick.
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
