//! What Redis remembers of a job, for readers and replays.

use super::{Queue, QueueError};
use crate::domain::job::JobStatus;
use crate::domain::{Answer, ClientId, Fingerprint, Instant, JobId, Operation};
use std::collections::HashMap;

/// A job as Redis remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose job it is.
    pub client: ClientId,
    /// The kind of command.
    pub operation: Operation,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// Where it is.
    pub status: JobStatus,
    /// How often a worker has begun it.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// When its outcome was committed, or when it was given up.
    pub finished_at: Option<Instant>,
    /// Its answer, when it is finished or dead.
    pub answer: Option<Answer>,
    /// For operators: why it is dead.
    pub cause: Option<String>,
}

impl Queue {
    /// The record of a job, if Redis remembers it.
    pub async fn record(&self, job: JobId) -> Result<Option<Record>, QueueError> {
        let fields: HashMap<String, Vec<u8>> = redis::cmd("HGETALL")
            .arg(self.keys.record(job))
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(Record::parse(&fields))
    }
}

impl Record {
    /// Reads the fields of a record. One that cannot be read counts as forgotten.
    pub(super) fn parse(fields: &HashMap<String, Vec<u8>>) -> Option<Self> {
        let text = |name: &str| std::str::from_utf8(fields.get(name)?).ok();
        let instant = |name: &str| Instant::from_timestamp_micros(text(name)?.parse().ok()?);
        let answer = |status: &str| {
            let body = text("body")?.to_owned();
            Some(Answer { status: status.parse().ok()?, body })
        };
        Some(Self {
            client: ClientId(text("client")?.parse().ok()?),
            operation: Operation::parse(text("operation")?)?,
            fingerprint: Fingerprint::from_bytes(fields.get("fingerprint")?)?,
            status: JobStatus::parse(text("state")?)?,
            attempts: text("attempts")?.parse().ok()?,
            submitted_at: instant("submitted")?,
            finished_at: instant("finished"),
            answer: text("status").and_then(answer),
            cause: text("cause").filter(|cause| !cause.is_empty()).map(str::to_owned),
        })
    }
}
