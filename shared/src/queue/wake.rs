//! When a worker looks for tasks: at once when one is announced, and now and then in any case.
//!
//! Two facts of apalis 1.0.0 shape this. It looks whenever it is polled, for whatever reason, and it is
//! polled whenever anything happens to one of its tasks: a queue that is known to be empty is not asked
//! again. And a signal that comes while a fetch is under way is lost: so it is given again when that
//! fetch has ended.

use super::bell::Bell;
use super::emptiness::Emptiness;
use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;
use apalis_core::{delegate_codec, delegate_config};
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Cmd, Pipeline, RedisFuture, Value};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// With no signal, look this often: what other workers gave back is not announced by apalis.
pub const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// What a worker and the connection that it fetches by know of the queue.
#[derive(Clone)]
pub(super) struct Knowledge {
    bell: Bell,
    emptiness: Arc<Mutex<Emptiness>>,
}

impl Knowledge {
    /// Nothing is known yet; `bell` rings when that changes.
    pub(super) fn none(bell: Bell) -> Self {
        Self { bell, emptiness: Arc::default() }
    }

    fn emptiness(&self) -> MutexGuard<'_, Emptiness> {
        self.emptiness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backend that is asked for tasks when there may be some.
pub struct Called<B> {
    backend: B,
    knowledge: Knowledge,
    idle_interval: Duration,
    timer: Pin<Box<Sleep>>,
}

impl<B> Called<B> {
    pub(super) fn new(backend: B, knowledge: Knowledge, idle_interval: Duration) -> Self {
        Self { backend, knowledge, idle_interval, timer: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl<B: Backend> Backend for Called<B> {
    type Task = B::Task;
    type Error = B::Error;

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        self.backend.poll_ready(cx, worker)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        self.knowledge.bell.wakes(cx.waker());
        // Polled until it is pending: only then does it hold the waker.
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(Instant::now() + self.idle_interval);
            self.knowledge.emptiness().forget();
        }
        if self.knowledge.emptiness().is_known(self.knowledge.bell.rings()) {
            return Poll::Pending;
        }
        let polled = self.backend.poll_next(cx, worker);
        if polled.is_ready() {
            self.knowledge.emptiness().handed_out();
        }
        polled
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        self.backend.poll_close(cx, worker)
    }
}

delegate_config!(Called<B>, backend);
delegate_codec!(Called<B>, backend);

/// The connection that apalis fetches by: it notes what the fetches tell. A ring during a command may be
/// for what that command did not see, and the poll that it caused was spent on waiting for the command:
/// the worker is woken once more.
#[derive(Clone)]
pub struct Attentive {
    connection: ConnectionManager,
    knowledge: Knowledge,
    fetch_max: usize,
}

impl Attentive {
    pub(super) const fn new(
        connection: ConnectionManager,
        knowledge: Knowledge,
        fetch_max: usize,
    ) -> Self {
        Self { connection, knowledge, fetch_max }
    }
}

impl ConnectionLike for Attentive {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let Knowledge { bell, .. } = &self.knowledge;
            let rings = bell.rings();
            self.knowledge.emptiness().forget();
            let reply = self.connection.req_packed_command(cmd).await?;
            self.knowledge.emptiness().note(&reply, rings, self.fetch_max);
            if bell.rings() != rings {
                bell.wake();
            }
            Ok(reply)
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
