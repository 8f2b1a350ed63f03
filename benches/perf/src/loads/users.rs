//! Users that nobody has used yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The next unused user of a database; clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    next: Arc<AtomicI64>,
    last: i64,
}

impl Users {
    /// Users `first` to `last`.
    pub(crate) fn new(first: i64, last: i64) -> Self {
        Self { next: Arc::new(AtomicI64::new(first)), last }
    }

    /// One that was not taken before; `None` when all have been.
    pub(crate) fn take(&self) -> Option<i64> {
        let user = self.next.fetch_add(1, Ordering::Relaxed);
        (user <= self.last).then_some(user)
    }

    /// The same, with more of them: the last is `last`.
    pub(crate) fn up_to(&self, last: i64) -> Self {
        Self { next: Arc::clone(&self.next), last }
    }

    /// The first that was not taken.
    pub(crate) fn next(&self) -> i64 {
        self.next.load(Ordering::Relaxed).min(self.last + 1)
    }
}

/// The email of a user, as the bulk insert of users writes it.
pub(crate) fn email_of(user: i64) -> String {
    format!("user{user}@bench.example")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_is_taken_twice() {
        let users = Users::new(5, 6);
        let twin = users.clone();
        assert_eq!([users.take(), twin.take(), users.take()], [Some(5), Some(6), None]);
        assert_eq!(twin.next(), 7);
    }
}
