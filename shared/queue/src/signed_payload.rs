//! The signature in the payload of a task.
//!
//! The payload stays a JSON object of version 1. Its last two members are the signature:
//! ```text
//! {"v":1,…,"kid":"a1b2c3d4","mac":"64 hex digits"}
//! ```
//! The signature covers the bytes as they are without these two. They are cut off, never written
//! anew, since another release might write the same job in another way. A release before signatures
//! reads such a payload and ignores both members.

use crate::job::{QueuedJob, hex, unhex};
use domain::{Instant, JobKey, JobKeys, Signature, SignedContent, Untrusted};

/// What stands before the name of the key, before the hash, and after it.
const KID: &str = r#","kid":""#;
const MAC: &str = r#"","mac":""#;
const END: &str = r#""}"#;

impl QueuedJob {
    /// The payload of the job, signed.
    #[must_use]
    pub fn sign(&self, key: &JobKey) -> Vec<u8> {
        let mut payload = self.encode();
        let mac = hex(&key.sign(&self.signed_content(&payload)));
        payload.pop();
        for part in [KID, key.kid(), MAC, &mac, END] {
            payload.extend_from_slice(part.as_bytes());
        }
        payload
    }

    fn signed_content<'a>(&'a self, payload: &'a [u8]) -> SignedContent<'a> {
        SignedContent { client: self.client, key: &self.key, job: self.id(), payload }
    }
}

/// Whether this payload, which `job` was read from, is trusted at that instant.
pub fn authenticate(
    job: &QueuedJob,
    payload: &[u8],
    keys: &JobKeys,
    now: Instant,
) -> Result<(), Untrusted> {
    match cut(payload) {
        Some((unsigned, signature)) => {
            keys.authenticate(&job.signed_content(&unsigned), Some(&signature), now)
        }
        None => keys.authenticate(&job.signed_content(payload), None, now),
    }
}

/// The payload without its signature, and the signature. `None` if it does not end with one.
fn cut(payload: &[u8]) -> Option<(Vec<u8>, Signature<'_>)> {
    let signed = std::str::from_utf8(payload).ok()?.strip_suffix(END)?;
    let (signed, mac) = signed.rsplit_once(MAC)?;
    let (unsigned, kid) = signed.rsplit_once(KID)?;
    // What is no hash is a wrong one.
    let signature = Signature { kid, mac: unhex(mac).unwrap_or_default() };
    Some(([unsigned.as_bytes(), b"}"].concat(), signature))
}
