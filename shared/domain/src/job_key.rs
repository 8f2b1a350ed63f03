//! A key that jobs are signed with, and what its signature covers.
//!
//! A job travels through Redis, and whoever can write to Redis could write one. So it is worth what
//! its signature says. The keys are in Postgres, and Redis never sees them.

use crate::{ClientId, IdempotencyKey, Instant, JobId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// A key of the installation.
#[derive(Clone)]
pub struct JobKey {
    /// The name of the key, which goes with each signature.
    kid: String,
    /// The keyed hash, ready to be fed.
    hmac: Hmac<Sha256>,
    created_at: Instant,
    pub(crate) is_compromised: bool,
}

/// What the signature of a job covers.
#[derive(Debug, Clone, Copy)]
pub struct SignedContent<'a> {
    /// The client whose command it is.
    pub client: ClientId,
    /// The key of the command.
    pub key: &'a IdempotencyKey,
    /// The job, which is also the id of the task.
    pub job: JobId,
    /// The payload as it is stored, without its signature.
    pub payload: &'a [u8],
}

/// A signature as it came with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name of the key.
    pub kid: &'a str,
    /// The hash.
    pub mac: Vec<u8>,
}

impl JobKey {
    /// The key with that name and secret, made at `created_at`.
    #[must_use]
    pub fn new(
        kid: String,
        secret: &[u8],
        created_at: Instant,
        is_compromised: bool,
    ) -> Option<Self> {
        let hmac = Hmac::new_from_slice(secret).ok()?;
        Some(Self { kid, hmac, created_at, is_compromised })
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// When the key was made.
    #[must_use]
    pub const fn created_at(&self) -> Instant {
        self.created_at
    }

    /// The hash that signs this content.
    #[must_use]
    pub fn sign(&self, content: &SignedContent<'_>) -> [u8; 32] {
        self.fed_with(content).finalize().into_bytes().into()
    }

    /// Whether the hash is that of this content. It takes the same time for every wrong one.
    pub(crate) fn has_signed(&self, content: &SignedContent<'_>, mac: &[u8]) -> bool {
        self.fed_with(content).verify_slice(mac).is_ok()
    }

    /// The exact bytes that are signed: the word `job/1`, then client, idempotency key, job id (the
    /// first and the last as text) and payload. Each of the four has its length before it, as 4
    /// bytes, big-endian. So no two contents give the same bytes.
    fn fed_with(&self, content: &SignedContent<'_>) -> Hmac<Sha256> {
        let (client, job) = (content.client.to_string(), content.job.to_string());
        let parts =
            [client.as_bytes(), content.key.as_str().as_bytes(), job.as_bytes(), content.payload];
        let mut hmac = self.hmac.clone();
        hmac.update(b"job/1");
        for part in parts {
            hmac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            hmac.update(part);
        }
        hmac
    }
}

/// Shows no secret.
impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobKey({})", self.kid)
    }
}
