//! The payload of a task: a command, and what is needed to answer it.

use domain::{ClientId, Command, Fingerprint, IdempotencyKey, Instant, JobId, job_id};
use serde::{Deserialize, Serialize};

/// An admitted command. It knows the id of its job, which follows from client and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    id: JobId,
    /// The client that sent the command.
    pub client: ClientId,
    /// The key it was submitted with.
    pub key: IdempotencyKey,
    /// The fingerprint of the request, for comparison with later requests with the same key.
    pub fingerprint: Fingerprint,
    /// When it was admitted, by the clock of the api.
    pub submitted_at: Instant,
    /// The command.
    pub command: Command,
}

/// Why a task cannot be read. Trying again would not help, so its job is given up at once.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableJob {
    /// It is not the JSON that this code writes.
    #[error("the stored command cannot be read")]
    Json(#[from] serde_json::Error),
    /// A newer release wrote it.
    #[error("the stored command has version {0}, which this worker does not know")]
    Version(u8),
    /// A field is out of its range.
    #[error("the stored command has an invalid {0}")]
    Field(&'static str),
}

/// The version that this code writes, and the only one that it reads.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u8,
    client: ClientId,
    key: IdempotencyKey,
    fingerprint: String,
    submitted_us: i64,
    command: Command,
}

impl QueuedJob {
    /// A command that is admitted at `submitted_at`.
    #[must_use]
    pub fn new(
        client: ClientId,
        key: IdempotencyKey,
        fingerprint: Fingerprint,
        submitted_at: Instant,
        command: Command,
    ) -> Self {
        Self { id: job_id(client, &key), client, key, fingerprint, submitted_at, command }
    }

    /// The id of the job, which is also the id of its task.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// The payload of the job without a signature, as releases before signatures store it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            v: VERSION,
            client: self.client,
            key: self.key.clone(),
            fingerprint: hex(self.fingerprint.as_bytes()),
            submitted_us: self.submitted_at.timestamp_micros(),
            command: self.command.clone(),
        };
        // Strings and integers only: writing them cannot fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads a payload, signed or not. Whether it may be trusted is another question.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableJob> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        if wire.v != VERSION {
            return Err(UnreadableJob::Version(wire.v));
        }
        let fingerprint = unhex(&wire.fingerprint)
            .and_then(|bytes| Fingerprint::from_bytes(&bytes))
            .ok_or(UnreadableJob::Field("fingerprint"))?;
        let submitted_at = Instant::from_timestamp_micros(wire.submitted_us)
            .ok_or(UnreadableJob::Field("submitted_us"))?;
        let Wire { client, key, command, .. } = wire;
        Ok(Self::new(client, key, fingerprint, submitted_at, command))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        })
        .collect()
}
