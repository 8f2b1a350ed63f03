//! Where a submitted command is on its way.

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

    /// The final status of a job with an outcome.
    #[must_use]
    pub const fn finished(success: bool) -> Self {
        if success { Self::Succeeded } else { Self::Failed }
    }

    /// Whether the outcome is committed and will never change.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}
