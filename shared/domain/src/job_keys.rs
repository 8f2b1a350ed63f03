//! The keys of the installation: which one signs at an instant, and which signatures are trusted.

use crate::Instant;
use crate::job_key::{JobKey, Signature, SignedContent};
use chrono::TimeDelta;

/// The age at which a key begins to sign. Every process reads the keys once a minute, so by then
/// each has read it.
const SIGNS_AFTER: TimeDelta = TimeDelta::minutes(2);

/// The age of the first key until which jobs without a signature are trusted: those that a release
/// before signatures admitted.
const UNSIGNED_UNTIL: TimeDelta = TimeDelta::hours(24);

/// Why a job is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It has no signature, and the time in which such jobs are trusted is over.
    #[error("the stored command is not signed")]
    Unsigned,
    /// The key is not among those that were read. It may be a new one.
    #[error("the stored command is signed with an unknown key")]
    UnknownKey,
    /// An operator has said that others may know the key.
    #[error("the stored command is signed with a compromised key")]
    CompromisedKey,
    /// The signature is that of another content.
    #[error("the stored command has a wrong signature")]
    Forged,
}

/// What a key is good for at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKeyState {
    /// It is known to all processes soon, and signs then.
    Waiting,
    /// It signs new jobs.
    Signing,
    /// It signs no more. Jobs that it has signed are trusted.
    Verifying,
    /// Nothing that it has signed is trusted.
    Compromised,
}

/// The keys of the installation. At least one of them is not compromised.
#[derive(Debug, Clone)]
pub struct JobKeys {
    /// All of them, the oldest first.
    keys: Vec<JobKey>,
    /// The oldest one that is not compromised, which signs until another one may.
    oldest_trusted: JobKey,
}

impl JobKeys {
    /// The keys in any order. `None` if none of them can sign.
    #[must_use]
    pub fn new(mut keys: Vec<JobKey>) -> Option<Self> {
        keys.sort_by(|one, other| place(one).cmp(&place(other)));
        let oldest_trusted = keys.iter().find(|key| !key.is_compromised)?.clone();
        Some(Self { keys, oldest_trusted })
    }

    /// All keys, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &JobKey> {
        self.keys.iter()
    }

    /// The key that signs new jobs at that instant: the newest one that every process has read. If
    /// there is none yet, the oldest one.
    #[must_use]
    pub fn signing_at(&self, now: Instant) -> &JobKey {
        let may_sign = |key: &&JobKey| !key.is_compromised && now - key.created_at() >= SIGNS_AFTER;
        self.keys.iter().rev().find(may_sign).unwrap_or(&self.oldest_trusted)
    }

    /// What one of the keys is good for at that instant.
    #[must_use]
    pub fn state_of(&self, key: &JobKey, now: Instant) -> JobKeyState {
        let signing = self.signing_at(now);
        if key.is_compromised {
            JobKeyState::Compromised
        } else if key.kid() == signing.kid() {
            JobKeyState::Signing
        } else if place(key) > place(signing) {
            JobKeyState::Waiting
        } else {
            JobKeyState::Verifying
        }
    }

    /// Whether a job with that signature, or with none, is trusted at that instant.
    pub fn authenticate(
        &self,
        content: &SignedContent<'_>,
        signature: Option<&Signature<'_>>,
        now: Instant,
    ) -> Result<(), Untrusted> {
        let Some(signature) = signature else {
            return if self.trusts_unsigned_at(now) { Ok(()) } else { Err(Untrusted::Unsigned) };
        };
        let key = self.keys.iter().find(|key| key.kid() == signature.kid);
        match key.ok_or(Untrusted::UnknownKey)? {
            key if key.is_compromised => Err(Untrusted::CompromisedKey),
            key if key.has_signed(content, &signature.mac) => Ok(()),
            _ => Err(Untrusted::Forged),
        }
    }

    fn trusts_unsigned_at(&self, now: Instant) -> bool {
        self.keys.first().is_some_and(|first| now - first.created_at() < UNSIGNED_UNTIL)
    }
}

/// The order of keys: by age. Keys of one age have an order too, so that all processes agree.
fn place(key: &JobKey) -> (Instant, &str) {
    (key.created_at(), key.kid())
}
