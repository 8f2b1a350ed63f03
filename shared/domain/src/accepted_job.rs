//! A job whose 202 was sent.

use crate::{ClientId, Fingerprint, Instant, JobId};

/// A job that its client was promised: it is done even if Redis loses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedJob {
    /// The client that submitted it.
    pub client: ClientId,
    /// The job.
    pub job: JobId,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// When it was admitted first.
    pub submitted_at: Instant,
    /// The command, in the form in which it goes through the queue, without a signature.
    pub payload: String,
    /// Since when it is known to be given up or discarded, if it is.
    pub ended_at: Option<Instant>,
}
