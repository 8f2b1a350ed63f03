//! What can go wrong while commands are applied, and what to do about it: wait, try again, split
//! the batch or hand it back.

use queue::QueueError;
use runtime::bootstrap;
use std::time::Duration;
use store::StoreError;
use tokio::time::timeout;
use tracing::Instrument;

/// Why commands were not applied, as far as we know. If they were after all, the next attempt finds
/// them in the command log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Postgres could not be used, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis could not be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Postgres did not answer.
    #[error("Postgres did not answer in time")]
    TimedOut,
    /// Our own code panicked.
    #[error("the worker panicked")]
    Panicked,
    /// The job was begun more often than allowed: its workers died, each time.
    #[error("its workers died, each time")]
    CrashLoop,
    /// What is stored as due is not due by the rules, so that nothing can be done about it.
    #[error("what is stored as due is not due by the rules: see `worker check`")]
    NotDue,
    /// The rows of a settlement were not found, although it is about what is stored.
    #[error("the rows of a settlement were not found")]
    NotSettled,
    /// The provider of a payment did not say what was asked.
    #[error("the provider did not answer: {0}")]
    Provider(String),
    /// The worker stops before Postgres or Redis came back.
    #[error("the worker stops")]
    Stopping,
}

/// What to do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Keep the commands and try the same again after a pause: it is an outage, which no command
    /// caused. It costs no attempt.
    Wait,
    /// Try the same again at once: other transactions were in the way.
    Again,
    /// Set the commands aside that need the rows which another transaction holds. It costs no
    /// attempt, and nobody else waits for them.
    SetAside,
    /// Try each command alone: one of them may be the cause.
    Split,
    /// Leave the commands to other workers.
    HandBack,
}

impl Fault {
    /// What to do about the fault.
    pub(crate) const fn recovery(&self) -> Recovery {
        match self {
            Self::Store(StoreError::Unavailable(_)) | Self::Queue(_) | Self::TimedOut => {
                Recovery::Wait
            }
            Self::Store(StoreError::Conflict(_)) => Recovery::Again,
            Self::Store(StoreError::Locked(_)) => Recovery::SetAside,
            Self::Store(_)
            | Self::Panicked
            | Self::CrashLoop
            | Self::NotDue
            | Self::NotSettled
            | Self::Provider(_) => Recovery::Split,
            Self::Stopping => Recovery::HandBack,
        }
    }

    /// The cause in a form that clients may see.
    pub(crate) fn public_cause(&self) -> String {
        match self {
            Self::Store(error) => error.public_cause(),
            other => other.to_string(),
        }
    }

    /// The cause in full, for logs and operators.
    pub(crate) fn full_cause(&self) -> String {
        bootstrap::chain(self)
    }
}

/// Runs a transaction in a task of its own, for no longer than `limit`. A panic there is a fault
/// like another.
pub(crate) fn contained<T: Send + 'static>(
    limit: Duration,
    transaction: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> impl Future<Output = Result<T, Fault>> + Send {
    // Boxed at once, since it is large and who waits would hold it.
    let transaction = Box::pin(transaction);
    async move {
        let transaction = timeout(limit, transaction).in_current_span();
        match tokio::spawn(transaction).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Err(Fault::TimedOut),
            Err(_) => Err(Fault::Panicked),
        }
    }
}
