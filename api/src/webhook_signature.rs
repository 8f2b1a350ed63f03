//! Signatures of webhooks, as Stripe writes them: `t=<seconds>,v1=<hexadecimal digits>`, with the
//! HMAC-SHA256 of `<seconds>.<body>`. There may be several `v1`, while a secret is replaced.

use crate::api_error::ApiError;
use crate::settings::Settings;
use axum::http::HeaderMap;
use contract::ProblemKind;
use domain::{Instant, Provider};
use hmac::{Hmac, KeyInit, Mac};
use runtime::settings::Secret;
use sha2::Sha256;

/// The header that has the signature.
const HEADER: &str = "stripe-signature";

/// The longest time between the signature and now, in either direction, in seconds.
const AGE_MAX: u64 = 300;

/// The most signatures of a header that are looked at.
const SIGNATURES_MAX: usize = 8;

/// What the webhooks of each provider are signed with.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSecrets {
    simulated: Vec<Secret>,
    stripe: Vec<Secret>,
}

impl WebhookSecrets {
    /// Those of the settings. An empty one is none.
    pub(crate) fn of(settings: &Settings) -> Self {
        let known = |secrets: &[Secret]| -> Vec<Secret> {
            secrets.iter().filter(|secret| !secret.expose().is_empty()).cloned().collect()
        };
        Self {
            simulated: known(settings.simulated_webhook_secret.as_slice()),
            stripe: known(&settings.stripe_webhook_secrets),
        }
    }

    /// An error unless one of the provider's secrets signs the body so, at about `now`.
    pub(crate) fn verify(
        &self,
        provider: Provider,
        (headers, body): (&HeaderMap, &[u8]),
        now: Instant,
    ) -> Result<(), ApiError> {
        let secrets = match provider {
            Provider::Simulated => &self.simulated,
            Provider::Stripe => &self.stripe,
        };
        match Signature::read(headers) {
            None => Err(invalid("Send one Stripe-Signature with t= and v1=.")),
            Some(signature) if now.timestamp().abs_diff(signature.seconds) > AGE_MAX => {
                Err(invalid("It was signed more than 5 minutes before or after now."))
            }
            Some(signature) if secrets.iter().any(|secret| signature.is_by(secret, body)) => Ok(()),
            Some(_) => Err(invalid("None of our secrets signs this body so.")),
        }
    }
}

fn invalid(detail: &str) -> ApiError {
    ApiError::new(ProblemKind::WebhookSignatureInvalid, detail)
}

/// What a header says.
struct Signature<'h> {
    /// The time of the signature as it is written, which is signed, too.
    time: &'h str,
    seconds: i64,
    tags: Vec<Vec<u8>>,
}

impl<'h> Signature<'h> {
    fn read(headers: &'h HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let text = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let (mut time, mut tags) = (None, Vec::new());
        for (name, value) in text.split(',').filter_map(|part| part.trim().split_once('=')) {
            match name {
                "t" if time.is_some() => return None,
                "t" => time = Some(value),
                // Another scheme may be weaker, and is not looked at.
                "v1" if tags.len() < SIGNATURES_MAX => tags.extend(hex::decode(value).ok()),
                _ => {}
            }
        }
        let time = time?;
        (!tags.is_empty()).then_some(Self { time, seconds: time.parse().ok()?, tags })
    }

    /// Whether one of the tags is made with that secret. The time that it takes does not tell where
    /// a wrong one differs.
    fn is_by(&self, secret: &Secret, body: &[u8]) -> bool {
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
            return false;
        };
        for part in [self.time.as_bytes(), b".", body] {
            hmac.update(part);
        }
        self.tags.iter().any(|tag| hmac.clone().verify_slice(tag).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const BODY: &[u8] = br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#;
    const NOW: i64 = 1_780_000_000;

    fn secrets(stripe: &[&str]) -> WebhookSecrets {
        let stripe = stripe.iter().map(|secret| Secret::from(*secret)).collect();
        WebhookSecrets { simulated: Vec::new(), stripe }
    }

    fn tag(secret: &str, time: i64, body: &[u8]) -> String {
        let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        hmac.update(format!("{time}.").as_bytes());
        hmac.update(body);
        hex::encode(hmac.finalize().into_bytes())
    }

    fn is_accepted(secrets: &WebhookSecrets, header: &str, body: &[u8]) -> bool {
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(HEADER),
            HeaderValue::from_str(header).unwrap(),
        )]);
        let now = Instant::from_timestamp(NOW, 0).unwrap();
        secrets.verify(Provider::Stripe, (&headers, body), now).is_ok()
    }

    /// Computed by `printf '1780000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_1`.
    #[test]
    fn it_is_computed_as_others_compute_it() {
        let known = tag("whsec_1", NOW, br#"{"a":1}"#);
        assert_eq!(known, KNOWN);
        let header = format!("t={NOW},v1={KNOWN}");
        assert!(is_accepted(&secrets(&["whsec_1"]), &header, br#"{"a":1}"#));
    }

    const KNOWN: &str = "5966d59429ca8c9bd6d8676a682d5e063dcae9885c3c02a2d7ad95a6d25cd7ed";

    #[test]
    fn any_secret_and_any_tag_will_do() {
        let (old, new) = (tag("old", NOW, BODY), tag("new", NOW, BODY));
        let both = secrets(&["old", "new"]);
        for header in [
            format!("t={NOW},v1={old}"),
            format!("t={NOW},v1={new}"),
            format!("t={NOW},v1={},v1={new}", "0".repeat(64)),
            format!("t={NOW}, v1={new}, v0=1"),
            format!("v1={old},t={NOW},v1=zz"),
        ] {
            assert!(is_accepted(&both, &header, BODY), "{header}");
        }
        assert!(!is_accepted(&secrets(&["new"]), &format!("t={NOW},v1={old}"), BODY));
        assert!(!is_accepted(&secrets(&[]), &format!("t={NOW},v1={old}"), BODY));
    }

    #[test]
    fn all_that_is_signed_counts() {
        let secrets = secrets(&["whsec_1"]);
        let tag = tag("whsec_1", NOW, BODY);
        for (header, body) in [
            (format!("t={NOW},v1={tag}"), &b"{}"[..]),
            (format!("t={},v1={tag}", NOW + 1), BODY),
            (format!("t={NOW},v0={tag}"), BODY),
            (format!("t={NOW},t={NOW},v1={tag}"), BODY),
            (format!("v1={tag}"), BODY),
            (format!("t={NOW}"), BODY),
            (format!("t=x,v1={tag}"), BODY),
            (String::new(), BODY),
        ] {
            assert!(!is_accepted(&secrets, &header, body), "{header}");
        }
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let secrets = secrets(&["whsec_1"]);
        for (age, expected) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let time = NOW - age;
            let header = format!("t={time},v1={}", tag("whsec_1", time, BODY));
            assert_eq!(is_accepted(&secrets, &header, BODY), expected, "{age}");
        }
        let header = format!("t={},v1={}", i64::MIN, tag("whsec_1", i64::MIN, BODY));
        assert!(!is_accepted(&secrets, &header, BODY));
    }
}
