//! The signal that wakes a worker when tasks are announced.

use crate::connection::Connection;
use crate::pubsub::{self, Heard};
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
    /// A signal that is given at each message of `channel`, and when a subscription begins, until
    /// `stop`.
    pub(crate) fn listen(connection: Connection, channel: String, stop: CancellationToken) -> Self {
        let signal = Self::default();
        let given = signal.clone();
        let hear = move |heard| match heard {
            Heard::Begun | Heard::Message(_) => given.give(),
            Heard::Ended => {}
        };
        tokio::spawn(async move {
            let listen = pubsub::listen_forever(&connection, &channel, "new jobs", hear);
            stop.run_until_cancelled(listen).await;
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
}
