//! A bell that the announcements of Redis ring.

use super::listen;
use futures::StreamExt;
use futures::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use tokio_util::sync::CancellationToken;

/// The bell, shared by its clones. It wakes one task, and remembers how often it was rung.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<BellState>);

#[derive(Default)]
struct BellState {
    rings: AtomicU64,
    waker: AtomicWaker,
}

impl Bell {
    /// Rings whenever `channel` carries a message, and after each (re)connection, until `stop`.
    pub(super) fn listen(client: redis::Client, channel: String, stop: CancellationToken) -> Self {
        let bell = Self::default();
        let rung = bell.clone();
        tokio::spawn(async move {
            let hear = || rung.hear(&client, &channel);
            stop.run_until_cancelled(listen::for_good("new jobs", hear)).await;
        });
        bell
    }

    /// Whom to wake from now on.
    pub(super) fn wakes(&self, waker: &Waker) {
        self.0.waker.register(waker);
    }

    /// Wakes without ringing.
    pub(super) fn wake(&self) {
        self.0.waker.wake();
    }

    /// How often it was rung.
    pub(super) fn rings(&self) -> u64 {
        self.0.rings.load(Ordering::Acquire)
    }

    fn ring(&self) {
        self.0.rings.fetch_add(1, Ordering::Release);
        self.wake();
    }

    async fn hear(&self, client: &redis::Client, channel: &str) -> redis::RedisResult<()> {
        let mut pubsub = client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        self.ring();
        let mut messages = pubsub.into_on_message();
        while messages.next().await.is_some() {
            self.ring();
        }
        Ok(())
    }
}
