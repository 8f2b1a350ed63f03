//! How many writes the api's rate limit has room for.

use crate::client::Answer;

/// One command of each kind: fewer would not test what the fourth test is about.
const WRITES_MIN: usize = 6;

/// The rate limit as an answer of the api shows it.
pub(super) enum Allowance {
    /// The limit is off.
    Unlimited,
    Limited {
        limit: u64,
        remaining: u64,
    },
}

impl Allowance {
    pub(super) fn of(answer: &Answer) -> Self {
        match answer.limit_remaining {
            None => Self::Unlimited,
            Some(remaining) => Self::Limited { limit: answer.limit.unwrap_or(0), remaining },
        }
    }

    /// How many of `wanted` writes to send, and why not all of them.
    pub(super) fn grant(&self, wanted: usize) -> (usize, Option<String>) {
        let Self::Limited { limit, remaining } = *self else {
            return (wanted, None);
        };
        let room = usize::try_from(remaining).unwrap_or(usize::MAX).max(WRITES_MIN);
        if room >= wanted {
            return (wanted, None);
        }
        let note = format!(
            "limited to {room} writes by the api's rate limit ({remaining} of {limit} tokens \
             left); start it with RATE_LIMIT_REQUESTS=0 make run for the full test"
        );
        (room, Some(note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_writes_are_sent_when_the_limit_is_off_or_has_room() {
        assert_eq!(Allowance::Unlimited.grant(200), (200, None));
        let high = Allowance::Limited { limit: 1000, remaining: 200 };
        assert_eq!(high.grant(200), (200, None));
    }

    #[test]
    fn writes_are_cut_to_the_tokens_left_and_the_note_says_so() {
        let (writes, note) = Allowance::Limited { limit: 50, remaining: 40 }.grant(200);
        assert_eq!(writes, 40);
        assert!(note.is_some_and(|note| note.starts_with("limited to 40 writes by the api")));
    }

    #[test]
    fn one_command_of_each_kind_is_sent_even_from_an_empty_bucket() {
        let (writes, note) = Allowance::Limited { limit: 10, remaining: 0 }.grant(200);
        assert_eq!(writes, 6);
        assert!(note.is_some());
        assert_eq!(Allowance::Limited { limit: 10, remaining: 0 }.grant(6), (6, None));
    }
}
