//! The stop of a process: the first SIGTERM or SIGINT cancels a token that all tasks watch.

use crate::telemetry;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The time that a process which is asked to stop has for finishing its work. It leaves the rest to
/// other processes. It is shorter than the 30 seconds after which Kubernetes and compose kill.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A token that is cancelled when the process is asked to stop. A second signal ends the process at
/// once.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        asked().await;
        tracing::info!("asked to stop: finishing what has begun");
        stop.cancel();
        asked().await;
        tracing::warn!("asked again: stopping at once");
        telemetry::exit(1);
    });
    Ok(token)
}
