//! What is known of a queue without asking: that a fetch has emptied it a moment ago, and that nobody has
//! called since. Whoever puts something into an empty queue calls.

use redis::{Arg, Cmd, Value};
use std::time::Duration;
use tokio::time::Instant;

/// Calls can be lost: this must be over before the next look that no call is needed for
/// ([`super::wake::IDLE_INTERVAL`]).
const TRUSTED: Duration = Duration::from_millis(500);

/// The script of a fetch and its keys come first in the command, before the clock.
const SCRIPT_AND_KEYS: usize = 10;

/// That a fetch left nothing behind.
pub(super) struct Emptiness {
    fetch_max: usize,
    seen: Option<Seen>,
}

struct Seen {
    fetch: Vec<Vec<u8>>,
    rings: u64,
    at: Instant,
}

impl Emptiness {
    /// Nothing is known; a fetch takes at most `fetch_max` tasks.
    pub(super) const fn unknown(fetch_max: usize) -> Self {
        Self { fetch_max, seen: None }
    }

    /// Whether there is nothing to fetch: the same fetch has taken all there was, and there was no ring
    /// since.
    pub(super) fn is_known(&self, cmd: &Cmd, rings: u64, now: Instant) -> bool {
        self.seen.as_ref().is_some_and(|seen| {
            seen.rings == rings
                && now.duration_since(seen.at) < TRUSTED
                && seen.fetch.iter().map(Vec::as_slice).eq(script_and_keys(cmd))
        })
    }

    /// Notes what a command brought. `rings` are those before it was sent: a ring meanwhile may be for
    /// what it did not see.
    pub(super) fn note(&mut self, cmd: &Cmd, reply: &Value, rings: u64, now: Instant) {
        if fetched(reply).is_some_and(|tasks| tasks < self.fetch_max) {
            let fetch = script_and_keys(cmd).map(<[u8]>::to_vec).collect();
            self.seen = Some(Seen { fetch, rings, at: now });
        }
    }

    /// What a fetch is answered with when there is nothing.
    pub(super) fn reply() -> Value {
        Value::Array(vec![Value::Array(Vec::new()), Value::Array(Vec::new())])
    }
}

fn script_and_keys(cmd: &Cmd) -> impl Iterator<Item = &[u8]> {
    cmd.args_iter().take(SCRIPT_AND_KEYS).map(|argument| match argument {
        Arg::Simple(bytes) => bytes,
        _ => &[],
    })
}

/// How many tasks a fetch has brought. Only fetches are answered with two lists: tasks, and what goes
/// with each.
fn fetched(reply: &Value) -> Option<usize> {
    match reply {
        Value::Array(lists) => match lists.as_slice() {
            [Value::Array(tasks), Value::Array(attributes)] if tasks.len() == attributes.len() => {
                Some(tasks.len())
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(worker: &str) -> Cmd {
        let mut cmd = redis::cmd("EVALSHA");
        cmd.arg("sha").arg(7).arg("workers").arg("active").arg(format!("inflight:{worker}"));
        cmd.arg("data").arg("signal").arg("meta").arg("scheduled").arg("the clock").arg(3);
        cmd
    }

    fn tasks(count: usize) -> Value {
        let list = Value::Array(vec![Value::Int(1); count]);
        Value::Array(vec![list.clone(), list])
    }

    #[test]
    fn what_a_fetch_did_not_fill_itself_with_is_empty_until_a_ring() {
        let now = Instant::now();
        for (count, known) in [(0, true), (2, true), (3, false)] {
            let mut emptiness = Emptiness::unknown(3);
            assert!(!emptiness.is_known(&fetch("w"), 5, now));
            emptiness.note(&fetch("w"), &tasks(count), 5, now);
            assert_eq!(emptiness.is_known(&fetch("w"), 5, now), known, "{count} tasks");
            assert!(!emptiness.is_known(&fetch("w"), 6, now), "a ring since");
            assert!(!emptiness.is_known(&fetch("w"), 5, now + TRUSTED), "too long ago");
            assert!(!emptiness.is_known(&fetch("other"), 5, now), "another fetch");
        }
    }

    #[test]
    fn other_commands_tell_nothing() {
        let now = Instant::now();
        for reply in [
            Value::Nil,
            Value::Int(0),
            Value::Array(Vec::new()),
            Value::Array(vec![Value::Array(Vec::new())]),
            Value::Array(vec![Value::Array(Vec::new()), Value::Int(0)]),
        ] {
            let mut emptiness = Emptiness::unknown(3);
            emptiness.note(&fetch("w"), &reply, 5, now);
            assert!(!emptiness.is_known(&fetch("w"), 5, now), "{reply:?}");
        }
    }

    #[test]
    fn nothing_is_told_as_a_fetch_tells_it() {
        assert_eq!(fetched(&Emptiness::reply()), Some(0));
    }
}
