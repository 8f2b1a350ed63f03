//! When a worker fetches tasks: at once when some are announced, and at intervals in any case.
//!
//! Two properties of apalis 1.0.0 make this necessary. Its backend fetches whenever it is polled,
//! and it is polled whenever anything happens to one of the worker's tasks: so it is not polled
//! while the queue is known to be empty. And a wake-up that comes during a fetch has no effect: so
//! it is repeated when the fetch has ended (`fetch_connection`).

use crate::known_empty::QueueState;
use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;
use apalis_core::{delegate_codec, delegate_config};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// A backend whose inner backend is polled for tasks only when there may be some.
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
        // Polled until it is pending: only then will it wake this task.
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
