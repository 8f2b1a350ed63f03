//! How long a client may take.

use super::activity::Phase;
use std::time::Duration;

/// How long a connection may wait for its client.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    idle: Duration,
    head: Duration,
    body: Duration,
    answer: Duration,
    linger: Duration,
}

impl Limits {
    /// While serving. Proxies keep idle connections for a minute, and should be the first to close
    /// them. A handler that waits for a body gives up before this does.
    pub(super) const SERVING: Self = Self {
        idle: Duration::from_secs(75),
        head: Duration::from_secs(10),
        body: Duration::from_secs(15),
        answer: Duration::from_secs(30),
        linger: Duration::from_secs(5),
    };
    /// While stopping. What has not come in a second is not waited for.
    pub(super) const STOPPING: Self = Self {
        idle: Duration::ZERO,
        head: Duration::from_secs(1),
        body: Duration::from_secs(1),
        answer: Duration::from_secs(1),
        linger: Duration::from_secs(1),
    };

    /// The limit of a phase, if it waits for the client.
    pub(super) fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Idle => Some(self.idle),
            Phase::Head => Some(self.head),
            Phase::Body => Some(self.body),
            Phase::Answer => Some(self.answer),
            Phase::Linger => Some(self.linger),
            Phase::New | Phase::Work | Phase::Closing => None,
        }
    }
}
