//! A new try to subscribe takes the place of an older one that the user has not paid.

use crate::decide::Decider;
use crate::{Change, Effect, Refusal, User};

/// What becomes of the older try.
pub(super) struct Superseded {
    /// The user, with the credit back that was reserved for it.
    pub(super) user: User,
    /// The rows to write.
    pub(super) changes: Vec<Change>,
    /// What is to be done outside.
    pub(super) effects: Vec<Effect>,
}

impl Decider<'_> {
    /// Ends the subscription of the user that is pending, if there is one; a refusal if its payment
    /// is in progress.
    pub(super) fn supersede_pending(&self, user: &User) -> Result<Superseded, Refusal> {
        let Some(pending) = self.working_set.pending(user.id) else {
            let user = user.clone();
            return Ok(Superseded { user, changes: Vec::new(), effects: Vec::new() });
        };
        self.no_payment_in_progress(pending)?;
        let closed = self.close_payment_of(pending);
        let ended = pending.expired(self.context.now).without_payment();
        let mut changes = closed.changes;
        changes.push(Change::Subscription(ended));
        let user = closed.user.unwrap_or_else(|| user.clone());
        Ok(Superseded { user, changes, effects: closed.effect.into_iter().collect() })
    }
}
