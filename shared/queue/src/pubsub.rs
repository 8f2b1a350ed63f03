//! Subscriptions to a channel that are renewed whenever they end: for the wake signal of the
//! workers and for the outcomes that the apis wait for.

use std::time::Duration;
use tokio::time::sleep;

/// The pause between attempts to subscribe.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// Runs `listen`, again whenever it has ended. `what` names in the log what is listened for.
pub(crate) async fn listen_forever<F>(what: &'static str, mut listen: impl FnMut() -> F)
where
    F: Future<Output = redis::RedisResult<()>>,
{
    loop {
        if let Err(error) = listen().await {
            tracing::debug!(%error, "cannot listen for {what}");
        }
        sleep(RESUBSCRIBE_PAUSE).await;
    }
}
