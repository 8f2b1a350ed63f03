//! What a connection is doing, and since when. Its stream and its bodies note it; whoever makes
//! room or ends what takes too long asks for it.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// For us: nothing was looked for yet.
    New,
    /// For the next request, of which no byte has come.
    Idle,
    /// For the rest of a head.
    Head,
    /// For the rest of a body.
    Body,
    /// For us: the request is being handled.
    Work,
    /// For the client to take its answer.
    Answer,
    /// For the client to end a request that was answered before it was whole.
    Linger,
    /// For nothing: it is being closed.
    Closing,
}

/// The activity of one connection.
pub(super) struct Activity {
    state: Mutex<State>,
    /// Notified when the connection must end, at once or after its request.
    ending: Notify,
}

struct State {
    phase: Phase,
    since: Instant,
    /// The bytes of a head that is not whole.
    head_bytes: usize,
    /// Whether bytes of the next request came before this one was answered.
    is_ahead: bool,
    /// Whether a part of the request's body may not have been read.
    is_unread: bool,
    /// Whether the whole answer was handed over to be sent.
    is_answered: bool,
}

impl State {
    fn enter(&mut self, phase: Phase) {
        if self.phase != Phase::Closing {
            self.phase = phase;
            self.since = Instant::now();
        }
    }
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            phase: Phase::New,
            since: Instant::now(),
            head_bytes: 0,
            is_ahead: false,
            is_unread: false,
            is_answered: false,
        };
        Arc::new(Self { state: Mutex::new(state), ending: Notify::new() })
    }

    /// What it waits for, and since when.
    pub(super) fn now(&self) -> (Phase, Instant) {
        let state = self.lock();
        (state.phase, state.since)
    }

    /// There is nothing to read.
    pub(super) fn waits(&self) {
        let mut state = self.lock();
        if state.phase == Phase::New {
            state.enter(Phase::Idle);
        }
    }

    /// Bytes were read. Returns whether they belong to a head.
    pub(super) fn received(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        match state.phase {
            Phase::New | Phase::Idle => state.enter(Phase::Head),
            Phase::Work | Phase::Answer => state.is_ahead = true,
            Phase::Head | Phase::Body | Phase::Linger | Phase::Closing => {}
        }
        let is_head = state.phase == Phase::Head;
        if is_head {
            state.head_bytes += bytes;
        }
        is_head
    }

    /// A head was read, and its request is handled. Returns how many bytes of it were counted.
    pub(super) fn begun(&self, has_body: bool) -> usize {
        let mut state = self.lock();
        state.enter(Phase::Work);
        state.is_ahead = false;
        state.is_unread = has_body;
        state.is_answered = false;
        take(&mut state.head_bytes)
    }

    /// The handler waits for the body. The time counts from its first wait.
    pub(super) fn awaits_body(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Work {
            state.enter(Phase::Body);
        }
    }

    /// The handler has the whole body.
    pub(super) fn body_ended(&self) {
        self.lock().is_unread = false;
        self.body_dropped();
    }

    /// The handler waits for no more of the body.
    pub(super) fn body_dropped(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Body {
            state.enter(Phase::Work);
        }
    }

    /// Whether a part of the body was not read.
    pub(super) fn is_unread(&self) -> bool {
        self.lock().is_unread
    }

    /// There is an answer.
    pub(super) fn answers(&self) {
        self.lock().enter(Phase::Answer);
    }

    /// The whole answer was handed over to be sent.
    pub(super) fn answered(&self) {
        self.lock().is_answered = true;
    }

    /// All that was handed over was sent.
    pub(super) fn sent(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Answer && state.is_answered {
            let next = if state.is_ahead { Phase::Head } else { Phase::Idle };
            state.enter(next);
        }
    }

    /// Nothing more will be sent. Returns whether the client may still be sending.
    pub(super) fn shut(&self) -> bool {
        let mut state = self.lock();
        let is_sending = state.is_unread || matches!(state.phase, Phase::Head | Phase::Linger);
        if is_sending && state.phase != Phase::Linger {
            state.enter(Phase::Linger);
        }
        is_sending
    }

    /// Has the connection closed. Returns how many bytes of an unfinished head were counted.
    pub(super) fn close(&self) -> usize {
        let mut state = self.lock();
        state.enter(Phase::Closing);
        self.ending.notify_one();
        take(&mut state.head_bytes)
    }

    /// Has the connection end after its request.
    pub(super) fn stop(&self) {
        self.ending.notify_one();
    }

    /// Waits until the connection must end: at once if it is closing, else after its request.
    pub(super) async fn ending(&self) {
        self.ending.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
