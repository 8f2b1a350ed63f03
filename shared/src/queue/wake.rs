//! When a worker looks for tasks: at once when one is announced, and now and then in any case.
//!
//! Two facts of apalis-core 1.0.0 shape this. It ignores what a poll strategy answers: all a strategy
//! can do is to leave a waker behind, and one that leaves none is never asked again. And a signal
//! that comes while a fetch is under way is lost: so it is given again when that fetch has ended.

use super::emptiness::Emptiness;
use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use futures::StreamExt;
use futures::task::AtomicWaker;
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Cmd, Pipeline, RedisFuture, Value};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// With no signal, look this often: what other workers gave back is not announced by apalis.
pub const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// Between attempts to subscribe.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// A bell that the announcements of Redis ring.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<BellState>);

#[derive(Default)]
struct BellState {
    /// How often it was rung.
    rings: AtomicU64,
    waker: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.0.rings.fetch_add(1, Ordering::Release);
        self.0.waker.wake();
    }

    fn rings(&self) -> u64 {
        self.0.rings.load(Ordering::Acquire)
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

/// Wakes the worker by the bell, and by the idle interval.
pub struct OnBell {
    bell: Bell,
    idle_interval: Duration,
    timer: Pin<Box<Sleep>>,
}

impl OnBell {
    pub(super) fn new(bell: Bell, idle_interval: Duration) -> Self {
        Self { bell, idle_interval, timer: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl PollStrategy for OnBell {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        self.bell.0.waker.register(cx.waker());
        // Polled until it is pending: only then does it hold the waker.
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(Instant::now() + self.idle_interval);
        }
        // What is answered here is ignored; that there was a poll is all there is to it.
        Poll::Pending
    }
}

/// The connection that apalis fetches by. It makes up for two habits of apalis.
///
/// A ring during a command may be for what that command did not see, and the poll that it caused was
/// spent on waiting for the command: the worker is woken once more. And apalis fetches whenever it is
/// polled, for whatever reason: a queue that is known to be empty is not asked again ([`Emptiness`]).
#[derive(Clone)]
pub struct Attentive {
    connection: ConnectionManager,
    bell: Bell,
    emptiness: Arc<Mutex<Emptiness>>,
}

impl Attentive {
    pub(super) fn new(connection: ConnectionManager, bell: Bell, fetch_max: usize) -> Self {
        let emptiness = Arc::new(Mutex::new(Emptiness::unknown(fetch_max)));
        Self { connection, bell, emptiness }
    }

    fn emptiness(&self) -> MutexGuard<'_, Emptiness> {
        self.emptiness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionLike for Attentive {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let rings = self.bell.rings();
            if self.emptiness().is_known(cmd, rings, Instant::now()) {
                return Ok(Emptiness::reply());
            }
            let reply = self.connection.req_packed_command(cmd).await;
            if let Ok(reply) = &reply {
                self.emptiness().note(cmd, reply, rings, Instant::now());
            }
            if self.bell.rings() != rings {
                self.bell.0.waker.wake();
            }
            reply
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
