//! Subscriptions to a channel that are renewed whenever they end: the wake signal of the workers and
//! the outcomes for the apis.

use std::time::Duration;
use tokio::time::sleep;

/// The pause between attempts to subscribe.
const RENEW_PAUSE: Duration = Duration::from_millis(200);

/// Listens for `what`, and again whenever that has ended.
pub(crate) async fn renew_for_good<F>(what: &'static str, mut listen: impl FnMut() -> F)
where
    F: Future<Output = redis::RedisResult<()>>,
{
    loop {
        if let Err(error) = listen().await {
            tracing::debug!(%error, "cannot listen for {what}");
        }
        sleep(RENEW_PAUSE).await;
    }
}
