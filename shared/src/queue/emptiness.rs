//! What is known of a queue without asking: that a fetch took all there was, and that nobody has called
//! since. Whoever puts something into an empty queue calls.

use redis::Value;

/// What the last fetch told of the queue.
#[derive(Debug, Default)]
pub(super) struct Emptiness {
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// What was rung before the fetch: a ring since may be for what it did not see.
    rings: u64,
    /// What it took, and what has not been handed out yet.
    in_hand: usize,
}

impl Emptiness {
    /// Whether there is nothing to hand out, and nothing to fetch.
    pub(super) fn is_known(&self, rings: u64) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.rings == rings && seen.in_hand == 0)
    }

    /// From now on nothing is known.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }

    /// Notes the reply to a command that was sent after so many `rings`; a fetch takes at most
    /// `fetch_max` tasks.
    pub(super) fn note(&mut self, reply: &Value, rings: u64, fetch_max: usize) {
        let all = fetched(reply).filter(|tasks| *tasks < fetch_max);
        self.seen = all.map(|in_hand| Seen { rings, in_hand });
    }

    /// A task was handed out.
    pub(super) fn handed_out(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.in_hand = seen.in_hand.saturating_sub(1);
        }
    }
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

    fn tasks(count: usize) -> Value {
        let list = Value::Array(vec![Value::Int(1); count]);
        Value::Array(vec![list.clone(), list])
    }

    #[test]
    fn what_a_fetch_did_not_fill_itself_with_is_empty_when_all_is_handed_out_until_a_ring() {
        for (count, known) in [(0, true), (2, true), (3, false)] {
            let mut emptiness = Emptiness::default();
            assert!(!emptiness.is_known(5), "nothing was fetched");
            emptiness.note(&tasks(count), 5, 3);
            for _ in 0..count {
                assert!(!emptiness.is_known(5), "some of {count} tasks are in hand");
                emptiness.handed_out();
            }
            assert_eq!(emptiness.is_known(5), known, "{count} tasks");
            assert!(!emptiness.is_known(6), "a ring since");
            emptiness.forget();
            assert!(!emptiness.is_known(5), "forgotten");
        }
    }

    #[test]
    fn other_commands_tell_nothing() {
        for reply in [
            Value::Nil,
            Value::Int(0),
            Value::Array(Vec::new()),
            Value::Array(vec![Value::Array(Vec::new())]),
            Value::Array(vec![Value::Array(Vec::new()), Value::Int(0)]),
        ] {
            let mut emptiness = Emptiness::default();
            emptiness.note(&tasks(0), 5, 3);
            emptiness.note(&reply, 5, 3);
            assert!(!emptiness.is_known(5), "{reply:?}");
        }
    }
}
