//! The states of a job, and the entry of a decided one in the command log.

use crate::{ClientId, Fingerprint, IdempotencyKey, Instant, JobId, Operation, UserId};
use utoipa::ToSchema;

/// The public states of a job. `docs/STATES.md` has every transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum JobStatus {
    /// The job waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// The last attempt failed by a fault. A worker will try again.
    Retrying,
    /// The command was done. Final.
    Succeeded,
    /// The command was refused. Final.
    Failed,
    /// The job was given up after its attempts. A retry with its key, or an operator, queues it
    /// again.
    Dead,
}

impl JobStatus {
    /// The spelling of the status, in answers and in `worker jobs`.
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

    /// Whether the job is finished or was given up, so that there is nothing to wait for.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        self.is_finished() || matches!(self, Self::Dead)
    }
}

/// The stored response to the first request and to every replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 or 201, or that of a refusal.
    pub status: u16,
    /// The body, byte for byte.
    pub body: String,
}

impl Answer {
    /// Whether the command was done rather than refused.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status < 400
    }
}

/// The answer of a decided command, and when it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// The instant at which it was given.
    pub at: Instant,
}

/// Who made a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A client submitted it.
    Client,
    /// A worker made it, because something was due.
    Internal,
}

impl Origin {
    /// The spelling in the command log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Internal => "internal",
        }
    }

    /// The origin of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Client, Self::Internal].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// An entry of the command log: a command that was decided, with its answer as soon as there is
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The job that carried the command.
    pub job: JobId,
    /// The client that sent it, or whose rows an internal one changed.
    pub client: ClientId,
    /// Who made the command, and so in which space its key is unique.
    pub origin: Origin,
    /// The key it was submitted with.
    pub key: IdempotencyKey,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The kind of command.
    pub operation: Operation,
    /// The command itself, as JSON, of an internal one. Those of clients are not kept.
    pub input: Option<String>,
    /// The user whom it concerns, if there is such a user.
    pub user: Option<UserId>,
    /// The id of what was made or changed; `None` for a refusal, and as long as there is no answer.
    pub entity: Option<i64>,
    /// The answer, which never changes. `None` as long as an effect has to bring it.
    pub answered: Option<Answered>,
    /// The number of the attempt in which it was decided.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// The time by which it was decided.
    pub decided_at: Instant,
}

impl LogEntry {
    /// The answer, if there is one yet.
    #[must_use]
    pub const fn answer(&self) -> Option<&Answer> {
        match &self.answered {
            Some(answered) => Some(&answered.answer),
            None => None,
        }
    }
}
