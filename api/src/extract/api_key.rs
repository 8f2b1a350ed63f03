//! API keys: `sck_`, 8 characters that name the key, `_`, and 256 random bits in base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::distr::{Alphanumeric, SampleString};
use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

const PREFIX: &str = "sck_";
const ID_LENGTH: usize = 8;
const SECRET_LENGTH: usize = 43;

/// A key as a client sends it. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiKey(String);

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}{}_…)", PREFIX, self.id())
    }
}

impl ApiKey {
    /// A new key.
    pub(crate) fn generate(rng: &mut (impl Rng + CryptoRng)) -> Self {
        let id = Alphanumeric.sample_string(rng, ID_LENGTH);
        let secret: [u8; 32] = rng.random();
        Self(format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret)))
    }

    /// Parses what a client sent; `None` for anything that cannot be a key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(ID_LENGTH)?;
        let secret = secret.strip_prefix('_')?;
        let secret_ok = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let valid = is_id(id) && secret.len() == SECRET_LENGTH && secret.bytes().all(secret_ok);
        valid.then(|| Self(text.to_owned()))
    }

    /// Whether that text is meant to be a key.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The public part, by which it is found.
    pub(crate) fn id(&self) -> &str {
        self.0.get(PREFIX.len()..PREFIX.len() + ID_LENGTH).unwrap_or_default()
    }

    /// The id in `text`, which is an id, with or without its prefix, or a whole key. Anything else
    /// may be a part of a secret.
    pub(crate) fn id_of(text: &str) -> Option<String> {
        if let Some(key) = Self::parse(text) {
            return Some(key.id().to_owned());
        }
        let id = text.strip_prefix(PREFIX).unwrap_or(text);
        is_id(id).then(|| id.to_owned())
    }

    /// The key itself, to be shown once.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The hash that is stored. One round of SHA-256 is enough for 256 random bits.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether it is the key of that hash, in constant time.
    pub(crate) fn matches(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_parses_and_matches_its_own_hash_only() {
        let key = ApiKey::generate(&mut rand::rng());
        let parsed = ApiKey::parse(key.expose()).unwrap();
        assert_eq!(parsed, key);
        assert!(parsed.matches(&key.hash()));
        assert!(!ApiKey::generate(&mut rand::rng()).matches(&key.hash()));
    }

    #[test]
    fn what_is_no_key_does_not_parse() {
        let key = ApiKey::generate(&mut rand::rng()).expose().to_owned();
        let long = format!("{key}A");
        let other = key.replacen("sck_", "abc_", 1);
        for text in ["", "sck_", "sck_12345678", &long, &other, &key[1..], "sck_ü2345678_x"] {
            assert_eq!(ApiKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_is_told_from_a_part_of_a_secret() {
        let key = ApiKey::generate(&mut rand::rng());
        let (whole, id) = (key.expose(), key.id());
        for text in [whole, id, &format!("sck_{id}")] {
            assert_eq!(ApiKey::id_of(text).as_deref(), Some(id));
        }
        let secret = &whole[13..];
        for text in ["", "sck_", secret, &whole[..20], &whole[1..], &format!("{whole}x"), "a-b_c d"]
        {
            assert_eq!(ApiKey::id_of(text), None);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        // The key is fixed. The secret of a random key may contain `_`, and so little may follow
        // the last one that the shown text contains it by chance.
        let key =
            ApiKey::parse("sck_AbCd1234_0123456789abcdefghijklmnopqrstuvwxyzABCDEF_").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(sck_AbCd1234_…)");
    }
}
