//! Signatures of webhooks, as Stripe documents them.

use anyhow::{Result, anyhow};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// The value of `Stripe-Signature` for that body, signed so many seconds ago.
#[expect(clippy::disallowed_methods, reason = "this crate does not know the product's clock")]
pub fn signature(secret: &str, age: i64, body: &str) -> Result<String> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let time = now - age;
    let hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut hmac = hmac.map_err(|_| anyhow!("no key: {secret}"))?;
    hmac.update(format!("{time}.{body}").as_bytes());
    Ok(format!("t={time},v1={}", hex::encode(hmac.finalize().into_bytes())))
}
