//! The signal that wakes a worker when tasks are announced.

use crate::pubsub;
use futures::StreamExt;
use futures::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use tokio_util::sync::CancellationToken;

/// A wake signal, shared by its clones. It wakes the future that was registered last, and counts
/// how often it was given.
#[derive(Clone, Default)]
pub(crate) struct WakeSignal(Arc<State>);

#[derive(Default)]
struct State {
    count: AtomicU64,
    waker: AtomicWaker,
}

impl WakeSignal {
    /// A signal that is given at each message of `channel`, and after each (re)connection, until
    /// `stop`.
    pub(crate) fn listen(client: redis::Client, channel: String, stop: CancellationToken) -> Self {
        let signal = Self::default();
        let given = signal.clone();
        tokio::spawn(async move {
            let listen = || given.listen_once(&client, &channel);
            stop.run_until_cancelled(pubsub::listen_forever("new jobs", listen)).await;
        });
        signal
    }

    /// Registers what to wake from now on.
    pub(crate) fn register(&self, waker: &Waker) {
        self.0.waker.register(waker);
    }

    /// Wakes what is registered, without counting.
    pub(crate) fn wake(&self) {
        self.0.waker.wake();
    }

    /// How often the signal was given.
    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }

    fn give(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
        self.wake();
    }

    async fn listen_once(&self, client: &redis::Client, channel: &str) -> redis::RedisResult<()> {
        let mut pubsub = client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        self.give();
        let mut messages = pubsub.into_on_message();
        while messages.next().await.is_some() {
            self.give();
        }
        Ok(())
    }
}
