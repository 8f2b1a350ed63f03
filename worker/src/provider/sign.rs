//! Signatures of webhooks, made as Stripe's: `t=<seconds>,v1=<HMAC-SHA256 of "seconds.body">`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of the header `Stripe-Signature`.
pub(super) fn signature(secret: &str, seconds: i64, body: &str) -> Option<String> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    hmac.update(seconds.to_string().as_bytes());
    hmac.update(b".");
    hmac.update(body.as_bytes());
    Some(format!("t={seconds},v1={}", hex::encode(hmac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn a_body_is_signed_with_its_time() {
        let made = signature("whsec_test", 1_700_000_000, r#"{"id":"evt_1"}"#).unwrap();
        let (time, hash) = made.split_once(',').unwrap();
        assert_eq!(time, "t=1700000000");
        assert_eq!(hash, "v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925");
    }
}
