//! Idempotency keys as Stripe documents them (<https://docs.stripe.com/api/idempotent_requests>):
//! who sends the same request with the same key has the same answer, whatever it was, for 24 hours.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a key is known.
const KEPT: Duration = Duration::from_hours(24);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// What is to be done with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Its key is new: it is to be done, and ended.
    New,
    /// It was answered so.
    Answered(Kept),
    /// It is being done.
    Running,
    /// Its key was sent with another request.
    Other,
}

/// The keys that are known.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    request: String,
    begun: Instant,
    answer: Option<Kept>,
}

impl Keys {
    /// Notes the key of a request, if it is new.
    pub(super) fn begin(&mut self, key: &str, request: &str, now: Instant) -> Known {
        self.0.retain(|_, entry| now < entry.begun + KEPT);
        let Some(entry) = self.0.get(key) else {
            let entry = Entry { request: request.to_owned(), begun: now, answer: None };
            self.0.insert(key.to_owned(), entry);
            return Known::New;
        };
        match &entry.answer {
            _ if entry.request != request => Known::Other,
            Some(answer) => Known::Answered(answer.clone()),
            None => Known::Running,
        }
    }

    /// Keeps the answer to a request that was new. One of these was not begun at all, and its key
    /// is free: 400 (its parameters are not valid), 401, 409 (another one is under way) and 429.
    pub(super) fn end(&mut self, key: &str, answer: &Kept) {
        if [400, 401, 409, 429].contains(&answer.status) {
            self.0.remove(key);
        } else if let Some(entry) = self.0.get_mut(key) {
            entry.answer = Some(answer.clone());
        }
    }

    /// Frees the key of a request that has reached nobody.
    pub(super) fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(status: u16) -> Kept {
        Kept { status, body: b"{}".to_vec() }
    }

    #[test]
    fn the_same_request_has_the_same_answer_and_another_one_none() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        for status in [200, 402, 404, 500] {
            let key = status.to_string();
            assert_eq!(keys.begin(&key, "a=1", now), Known::New);
            assert_eq!(keys.begin(&key, "a=1", now), Known::Running);
            assert_eq!(keys.begin(&key, "a=2", now), Known::Other);
            keys.end(&key, &kept(status));
            assert_eq!(keys.begin(&key, "a=1", now), Known::Answered(kept(status)));
            assert_eq!(keys.begin(&key, "a=2", now), Known::Other);
        }
    }

    #[test]
    fn a_request_that_was_not_begun_frees_its_key() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        for status in [400, 401, 409, 429] {
            assert_eq!(keys.begin("k", "a=1", now), Known::New);
            keys.end("k", &kept(status));
        }
        assert_eq!(keys.begin("k", "a=2", now), Known::New);
        keys.forget("k");
        assert_eq!(keys.begin("k", "a=3", now), Known::New);
    }

    #[test]
    fn a_key_is_known_for_a_day() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        keys.begin("k", "a=1", now);
        keys.end("k", &kept(200));
        let late = now + KEPT.saturating_sub(Duration::from_secs(1));
        assert_eq!(keys.begin("k", "a=1", late), Known::Answered(kept(200)));
        assert_eq!(keys.begin("k", "a=1", now + KEPT), Known::New);
    }
}
