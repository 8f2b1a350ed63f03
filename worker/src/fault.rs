//! What can go wrong while commands are applied, and what to do about it. That is decided where the
//! fault arises: wait, try again, split or hand back.

use queue::QueueError;
use runtime::bootstrap;
use store::StoreError;

/// Commands were not applied, as far as we know. If they were after all, the command log says so the
/// next time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Postgres was in the way, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis was in the way.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Postgres did not answer.
    #[error("Postgres did not answer in time")]
    TimedOut,
    /// Our own code failed.
    #[error("the worker panicked")]
    Panicked,
    /// The worker died with it, again and again.
    #[error("its workers died, each time")]
    CrashLoop,
    /// The worker stops.
    #[error("the worker stops")]
    Stopping,
}

/// What to do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// An outage, for which no command is to blame: hold the commands and try the same again after a
    /// pause. Burns no attempt.
    Wait,
    /// Others were in the way: try the same again at once.
    Again,
    /// One of the commands may be to blame: try each alone.
    Split,
    /// Leave the commands to other workers.
    HandBack,
}

impl Fault {
    /// What to do about it.
    pub(crate) const fn recovery(&self) -> Recovery {
        match self {
            Self::Store(StoreError::Unavailable(_)) | Self::Queue(_) | Self::TimedOut => {
                Recovery::Wait
            }
            Self::Store(StoreError::Conflict(_)) => Recovery::Again,
            Self::Store(_) | Self::Panicked | Self::CrashLoop => Recovery::Split,
            Self::Stopping => Recovery::HandBack,
        }
    }

    /// What a client may be shown.
    pub(crate) fn public_cause(&self) -> String {
        match self {
            Self::Store(error) => error.public_cause(),
            other => other.to_string(),
        }
    }

    /// The fault with all its causes, for logs and operators.
    pub(crate) fn full_cause(&self) -> String {
        bootstrap::chain(self)
    }
}
