//! When a worker fetches tasks: at once when one is announced, and now and then in any case.
//!
//! Two facts of apalis 1.0.0 shape this. It fetches whenever it is polled, for whatever reason, and
//! it is polled whenever anything happens to one of its tasks: so a queue that is known to be empty
//! is not asked again. And a signal that comes during a fetch is lost: so it is given again when that
//! fetch has ended.

use crate::known_empty::KnownEmpty;
use crate::wake_signal::WakeSignal;
use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;
use apalis_core::{delegate_codec, delegate_config};
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Arg, Cmd, Pipeline, RedisFuture, Value};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// What a worker and the connection that it fetches by know of the queue.
#[derive(Clone)]
pub(crate) struct QueueState {
    signal: WakeSignal,
    known_empty: Arc<Mutex<KnownEmpty>>,
}

impl QueueState {
    /// Nothing is known yet; `signal` is given when that changes.
    pub(crate) fn unknown(signal: WakeSignal) -> Self {
        Self { signal, known_empty: Arc::default() }
    }

    fn known_empty(&self) -> MutexGuard<'_, KnownEmpty> {
        self.known_empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backend that is asked for tasks when there may be some.
pub struct NotifiedBackend<B> {
    backend: B,
    state: QueueState,
    idle_interval: Duration,
    timer: Pin<Box<Sleep>>,
}

impl<B> NotifiedBackend<B> {
    pub(crate) fn new(backend: B, state: QueueState, idle_interval: Duration) -> Self {
        Self { backend, state, idle_interval, timer: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl<B: Backend> Backend for NotifiedBackend<B> {
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
        self.state.signal.register(cx.waker());
        // Polled until it is pending: only then does it hold the waker.
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(Instant::now() + self.idle_interval);
            self.state.known_empty().forget();
        }
        if self.state.known_empty().is_known(self.state.signal.count()) {
            return Poll::Pending;
        }
        let polled = self.backend.poll_next(cx, worker);
        if polled.is_ready() {
            self.state.known_empty().handed_out();
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

delegate_config!(NotifiedBackend<B>, backend);
delegate_codec!(NotifiedBackend<B>, backend);

/// The connection that apalis fetches by: it notes what each fetch shows. A signal during a command
/// may be for what that command did not see, and the poll that it caused was spent on waiting for
/// the command: so the worker is woken once more.
#[derive(Clone)]
pub struct FetchConnection {
    connection: ConnectionManager,
    state: QueueState,
    active_list: Arc<str>,
    fetch_max: usize,
}

impl FetchConnection {
    pub(crate) fn new(
        connection: ConnectionManager,
        state: QueueState,
        active_list: &str,
        fetch_max: usize,
    ) -> Self {
        Self { connection, state, active_list: active_list.into(), fetch_max }
    }
}

impl ConnectionLike for FetchConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let QueueState { signal, .. } = &self.state;
            let signals = signal.count();
            self.state.known_empty().forget();
            let reply = self.connection.req_packed_command(cmd).await?;
            if let Some(tasks) =
                is_fetch(cmd, &self.active_list).then(|| tasks_of(&reply)).flatten()
            {
                self.state.known_empty().note_fetch(tasks, signals, self.fetch_max);
            }
            if signal.count() != signals {
                signal.wake();
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

/// Whether `cmd` is apalis's call of `fetch_next.lua`: the only script with seven keys, of which the
/// second is the list of tasks that wait.
fn is_fetch(cmd: &Cmd, active_list: &str) -> bool {
    let text = |arg| match arg {
        Arg::Simple(bytes) => bytes,
        _ => b"".as_slice(),
    };
    // EVALSHA, hash, number of keys, then the keys.
    let mut args = cmd.args_iter().map(text);
    let (name, count, key_2) = (args.next(), args.nth(1), args.nth(1));
    name == Some(b"EVALSHA") && count == Some(b"7") && key_2 == Some(active_list.as_bytes())
}

/// How many tasks the reply to a fetch holds: it has two lists, tasks and what goes with each.
fn tasks_of(reply: &Value) -> Option<usize> {
    let Value::Array(lists) = reply else { return None };
    let Some(Value::Array(tasks)) = lists.first() else { return None };
    Some(tasks.len())
}
