//! What can go wrong while commands are applied, decided where it arises: wait, try again, split or
//! give up.

use shared::queue::QueueError;
use shared::start;
use shared::store::StoreError;

/// Commands were not applied, as far as we know. If they were after all, the ledger says so the next
/// time.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
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
pub enum Remedy {
    /// It is nobody's fault: hold the commands and try the same again in a while. Burns no attempt.
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
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Store(StoreError::Unavailable(_)) | Self::Queue(_) | Self::TimedOut => {
                Remedy::Wait
            }
            Self::Store(StoreError::Conflict(_)) => Remedy::Again,
            Self::Store(_) | Self::Panicked | Self::CrashLoop => Remedy::Split,
            Self::Stopping => Remedy::HandBack,
        }
    }

    /// What a client may be told.
    #[must_use]
    pub fn public_cause(&self) -> String {
        match self {
            Self::Store(error) => error.public_cause(),
            other => other.to_string(),
        }
    }

    /// The whole story, for logs and operators.
    #[must_use]
    pub fn full_cause(&self) -> String {
        start::chain(self)
    }
}
