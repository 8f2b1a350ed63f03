//! When a worker looks for tasks: at once when one is announced, and now and then in any case.
//!
//! Two facts of apalis-core 1.0.0 shape this. It ignores what a poll strategy answers: all a strategy
//! can do is to leave a waker behind, and one that leaves none is never asked again. And a signal
//! that comes while a fetch is under way is lost: so each is repeated a few times.

use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use futures::StreamExt;
use futures::task::AtomicWaker;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// After a signal, look again after these times: long enough for a fetch under way to have ended.
const REPEATS: [Duration; 3] =
    [Duration::from_millis(3), Duration::from_millis(15), Duration::from_millis(75)];

/// With no signal, look this often: what other workers gave back is not announced by apalis.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// Between attempts to subscribe.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// A bell that the announcements of Redis ring.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<BellState>);

#[derive(Default)]
struct BellState {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.0.rung.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// Rings whenever `channel` carries a message, and after each (re)connection, until `stop`.
    pub(super) fn listen(client: redis::Client, channel: String, stop: CancellationToken) -> Self {
        let bell = Self::default();
        let rung = bell.clone();
        tokio::spawn(async move {
            let listen = async {
                loop {
                    if let Err(error) = rung.hear(&client, &channel).await {
                        tracing::debug!(%error, "cannot listen for new jobs");
                    }
                    sleep(RESUBSCRIBE_PAUSE).await;
                }
            };
            stop.run_until_cancelled(listen).await;
        });
        bell
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

/// Wakes the worker by the bell, by the repeats of its ring, and by the idle interval.
pub struct OnBell {
    bell: Bell,
    repeat: usize,
    timer: Pin<Box<Sleep>>,
}

impl OnBell {
    pub(super) fn new(bell: Bell) -> Self {
        Self { bell, repeat: REPEATS.len(), timer: Box::pin(sleep(Duration::ZERO)) }
    }

    fn arm(&mut self) {
        let pause = REPEATS.get(self.repeat).copied().unwrap_or(IDLE_INTERVAL);
        self.timer.as_mut().reset(Instant::now() + pause);
    }
}

impl PollStrategy for OnBell {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        self.bell.0.waker.register(cx.waker());
        let mut due = self.bell.0.rung.swap(false, Ordering::AcqRel);
        if due {
            self.repeat = 0;
            self.arm();
        }
        // Polled until it is pending: only then does it hold the waker.
        while self.timer.as_mut().poll(cx).is_ready() {
            due = true;
            self.repeat = self.repeat.saturating_add(1);
            self.arm();
        }
        if due { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}
