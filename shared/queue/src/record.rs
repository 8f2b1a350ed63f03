//! The record of a job in Redis, for readers and replays.
//!
//! A record is one string, since a hash costs Redis twice the memory and time:
//! ```text
//! sFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFclient operation submitted_us attempts status finished_us
//! body of the answer
//! cause
//! ```
//! `s` is a letter for the state, `F…` are the 32 bytes of the fingerprint. `r` stands for a job
//! that is decided and waits for an effect: no worker has its task any more. The body is JSON on
//! one line. Only dead jobs have a cause. Without an answer, `status` and `finished_us` are `0` and
//! the body is empty. The scripts in `lua/` rely on the letter, the fingerprint and the order of
//! what follows.
//!
//! What workers note in between is a field in the hash of attempts: the letter of the state, the
//! number of attempts, and the round of `lua/begin.lua`, with spaces between them.

use crate::job::QueuedJob;
use crate::{Queue, QueueError};
use domain::{Answer, ClientId, Fingerprint, Instant, JobId, JobStatus, Operation};

/// What Redis holds about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The client that submitted it.
    pub client: ClientId,
    /// The kind of command.
    pub operation: Operation,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The state.
    pub status: JobStatus,
    /// How often workers have begun it.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// When its outcome was committed, or when it was given up.
    pub finished_at: Option<Instant>,
    /// Its answer, when it is finished or dead.
    pub answer: Option<Answer>,
    /// Why it is dead, for operators.
    pub cause: Option<String>,
    /// Whether it is decided and an effect has to bring its answer, which is first in the command
    /// log.
    pub awaits_effect: bool,
}

impl Queue {
    /// The record of a job, if Redis has it.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn record(&self, job: JobId) -> Result<Option<Record>, QueueError> {
        let (record, attempts): (Option<Vec<u8>>, Option<String>) = redis::pipe()
            .get(self.keys.record(job))
            .hget(&self.keys.attempts, job.to_string())
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(record.and_then(|record| Record::decode(&record, attempts.as_deref())))
    }
}

impl Record {
    /// The record of a job that is admitted now.
    pub(crate) fn admitted(job: &QueuedJob) -> Self {
        Self {
            client: job.client,
            operation: job.command.operation(),
            fingerprint: job.fingerprint,
            status: JobStatus::Queued,
            attempts: 0,
            submitted_at: job.submitted_at,
            finished_at: None,
            answer: None,
            cause: None,
            awaits_effect: false,
        }
    }

    /// The same job, given up.
    pub(crate) fn buried(self, answer: Answer, cause: &str, now: Instant) -> Self {
        Self {
            status: JobStatus::Dead,
            finished_at: Some(now),
            answer: Some(answer),
            cause: Some(cause.to_owned()),
            awaits_effect: false,
            ..self
        }
    }

    /// The record in the form in which it is stored.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (status, body) =
            self.answer.as_ref().map_or((0, ""), |answer| (answer.status, answer.body.as_str()));
        let head = format!(
            "{} {} {} {} {status} {}\n",
            self.client.get(),
            self.operation.as_str(),
            self.submitted_at.timestamp_micros(),
            self.attempts,
            self.finished_at.map_or(0, |at| at.timestamp_micros()),
        );
        let cause = self.cause.as_deref().unwrap_or_default();
        let mut record = Vec::with_capacity(34 + head.len() + body.len() + cause.len());
        record.extend_from_slice(letter(self.status).as_bytes());
        record.extend_from_slice(self.fingerprint.as_bytes());
        record.extend_from_slice(head.as_bytes());
        record.extend_from_slice(body.as_bytes());
        if self.cause.is_some() {
            record.push(b'\n');
            record.extend_from_slice(cause.as_bytes());
        }
        record
    }

    /// Reads what [`Record::encode`] wrote, and what workers have noted since. One that cannot be
    /// read counts as missing.
    pub(crate) fn decode(record: &[u8], noted: Option<&str>) -> Option<Self> {
        let (state, rest) = record.split_first()?;
        let (fingerprint, rest) = rest.split_first_chunk::<32>()?;
        let mut lines = std::str::from_utf8(rest).ok()?.splitn(3, '\n');
        let (head, body, cause) = (lines.next()?, lines.next()?, lines.next());
        let mut head = head.split(' ');
        let client = ClientId::new(head.next()?.parse().ok()?);
        let operation = Operation::parse(head.next()?)?;
        let submitted_at = Instant::from_timestamp_micros(head.next()?.parse().ok()?)?;
        let attempts = head.next()?.parse().ok()?;
        let status: u16 = head.next()?.parse().ok()?;
        let finished_us = head.next()?.parse().ok()?;
        let answered = status != 0;
        let stored = Self {
            client,
            operation,
            fingerprint: Fingerprint::from_bytes(fingerprint)?,
            status: status_of(*state)?,
            attempts,
            submitted_at,
            finished_at: answered.then(|| Instant::from_timestamp_micros(finished_us)).flatten(),
            answer: answered.then(|| Answer { status, body: body.to_owned() }),
            cause: cause.map(str::to_owned),
            awaits_effect: *state == AWAITS_EFFECT,
        };
        Some(if stored.status == JobStatus::Queued { stored.begun(noted) } else { stored })
    }

    fn begun(self, noted: Option<&str>) -> Self {
        let noted = noted.and_then(|line| {
            let (state, rest) = line.split_once(' ')?;
            let attempts = rest.split(' ').next()?.parse().ok()?;
            Some((status_of(*state.as_bytes().first()?)?, attempts))
        });
        match noted {
            Some((status, attempts)) => Self { status, attempts, ..self },
            None => self,
        }
    }
}

/// The letter in a record of a job that waits for an effect. While a worker has a job, the letter
/// is in its line of attempts only.
const AWAITS_EFFECT: u8 = b'r';

/// How a state is written.
pub(crate) const fn letter(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "q",
        JobStatus::Running => "r",
        JobStatus::Retrying => "t",
        JobStatus::Succeeded => "s",
        JobStatus::Failed => "f",
        JobStatus::Dead => "d",
    }
}

/// The state of that letter. `x` is a dead job that an operator has discarded.
const fn status_of(letter: u8) -> Option<JobStatus> {
    match letter {
        b'q' => Some(JobStatus::Queued),
        b'r' => Some(JobStatus::Running),
        b't' => Some(JobStatus::Retrying),
        b's' => Some(JobStatus::Succeeded),
        b'f' => Some(JobStatus::Failed),
        b'd' | b'x' => Some(JobStatus::Dead),
        _ => None,
    }
}
