//! `GET /subscriptions/{user_id}`

use super::write::get;
use crate::driver::{Load, Reply};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Reads that must find something.
pub(crate) struct Get {
    who: Who,
    rng: StdRng,
}

/// Whose subscriptions are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    /// The first of the users with one subscription.
    pub(crate) first: i64,
    /// The last.
    pub(crate) last: i64,
}

impl Get {
    /// Reads of random users among those.
    pub(crate) fn new(who: Who, seed: u64) -> Self {
        Self { who, rng: StdRng::seed_from_u64(seed) }
    }
}

impl Load for Get {
    fn next(&mut self, _connection: usize, request: &mut Vec<u8>) -> bool {
        let user = self.rng.random_range(self.who.first..=self.who.last);
        get(request, &format_args!("/subscriptions/{user}"));
        true
    }

    fn answered(&mut self, _connection: usize, reply: Reply<'_>) -> bool {
        // A page without a row is shorter than this.
        reply.status == 200 && reply.body.len() > 150
    }
}
