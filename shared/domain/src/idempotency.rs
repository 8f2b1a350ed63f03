//! Idempotency keys and fingerprints, which tell whether two requests are the same.

use crate::{ClientId, JobId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The longest key, in bytes.
const KEY_LENGTH_MAX: usize = 255;

/// The name that a client gives to one intent: 1 to 255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

/// The error of a text that is no [`IdempotencyKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters, without spaces")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Parses the value of the `Idempotency-Key` header.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidIdempotencyKey> {
        if bytes.is_empty() || bytes.len() > KEY_LENGTH_MAX {
            return Err(InvalidIdempotencyKey);
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(InvalidIdempotencyKey);
        }
        std::str::from_utf8(bytes)
            .map(|text| Self(text.to_owned()))
            .map_err(|_| InvalidIdempotencyKey)
    }

    /// The key of an internal command, which is made of words and numbers.
    pub(crate) const fn internal(text: String) -> Self {
        Self(text)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows only the beginning of a key, since keys may contain what should not be in a log.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(8).collect();
        write!(f, "{shown}…({})", self.0.len())
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, InvalidIdempotencyKey> {
        Self::parse(text.as_bytes())
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

/// The id of the job that `key` of `client` names. Every process computes the same id at all times:
/// the first 128 bits of SHA-256 over both, as a UUID of version 8 (RFC 9562, section 5.8).
#[must_use]
pub fn job_id(client: ClientId, key: &IdempotencyKey) -> JobId {
    derived_id(b"job/1", client, key)
}

/// The id of the job of an internal command. No key of a client gives the same id.
#[must_use]
pub fn internal_job_id(client: ClientId, key: &IdempotencyKey) -> JobId {
    derived_id(b"job/internal/1", client, key)
}

fn derived_id(space: &[u8], client: ClientId, key: &IdempotencyKey) -> JobId {
    // The length goes first, so that no two (client, key) pairs give the same bytes.
    let client = client.get().to_string();
    let digest = Sha256::new()
        .chain_update(space)
        .chain_update(u32::try_from(client.len()).unwrap_or(u32::MAX).to_be_bytes())
        .chain_update(client.as_bytes())
        .chain_update(key.as_str().as_bytes())
        .finalize();
    JobId::new(custom_uuid(digest))
}

/// The first 128 bits of a digest as a UUID of version 8.
pub(crate) fn custom_uuid(digest: impl IntoIterator<Item = u8>) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The fingerprint of a request: SHA-256 over method, path and the JSON value of its body. Equal
/// values have equal fingerprints, whatever their spacing and the order of their members.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request. `canonical_body` is the body's value with sorted members and
    /// no spaces.
    #[must_use]
    pub fn of_request(method: &str, path: &str, canonical_body: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(method.as_bytes())
            .chain_update(b" ")
            .chain_update(path.as_bytes())
            .chain_update(b"\n")
            .chain_update(canonical_body)
            .finalize();
        Self(digest.into())
    }

    /// The fingerprint as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The fingerprint of those bytes, if they are 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…")
    }
}
