//! A submitted command on its way, and what the command log keeps of it.

use crate::{ClientId, Fingerprint, IdempotencyKey, Instant, JobId, Operation};

/// The public states of a job. See `docs/STATES.md` for every edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Failed by a fault; a worker will try again.
    Retrying,
    /// Done. Final.
    Succeeded,
    /// Refused. Final.
    Failed,
    /// Given up after its attempts. A retry with its key, or an operator, queues it again.
    Dead,
}

impl JobStatus {
    /// How the status is written, in answers and by `worker jobs`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }

    /// The final status of a job with an answer.
    #[must_use]
    pub const fn finished(success: bool) -> Self {
        if success { Self::Succeeded } else { Self::Failed }
    }

    /// Whether the answer is committed and will never change.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Whether there is nothing to wait for: the job is finished, or was given up.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        self.is_finished() || matches!(self, Self::Dead)
    }
}

/// The stored response: what the first request was answered with, and every replay will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 or 201, or that of a refusal.
    pub status: u16,
    /// The body, to the byte.
    pub body: String,
}

impl Answer {
    /// Whether the command was done, rather than refused.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status < 400
    }
}

/// An entry of the command log: a command that was decided, with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The job that carried the command.
    pub job: JobId,
    /// The client that sent it.
    pub client: ClientId,
    /// The key it was submitted with.
    pub key: IdempotencyKey,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The kind of command.
    pub operation: Operation,
    /// The id of what was made or changed; `None` for a refusal.
    pub entity: Option<i64>,
    /// The answer, for good.
    pub answer: Answer,
    /// The number of the attempt in which it was decided.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// When it was decided.
    pub finished_at: Instant,
}
