//! Listening for good: to the bell of the workers, and to the outcomes for the apis.

use std::time::Duration;
use tokio::time::sleep;

/// Between attempts to subscribe.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// Listens for `what`, and again whenever that has ended.
pub(super) async fn for_good<F>(what: &'static str, mut listen: impl FnMut() -> F)
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
