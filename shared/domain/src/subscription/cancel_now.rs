//! A subscription ends at once.

use crate::decide::Decider;
use crate::{Change, Effect, Subscription};

/// What comes of it.
pub(crate) struct CancelledNow {
    /// The rows to write.
    pub(crate) changes: Vec<Change>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// The subscription, which has ended.
    pub(crate) subscription: Subscription,
}

impl Decider<'_> {
    /// Ends a subscription that runs, waits or is not paid. What was paid for the rest of it is
    /// earned. If another waits behind it, that one begins.
    pub(crate) fn cancel_now(&self, found: &Subscription) -> CancelledNow {
        let closed = self.close_payment_of(found);
        let cancelled = found.cancelled(self.context.now).without_payment();
        let cancelled = Subscription { recognise_at: None, retry_at: None, ..cancelled };
        let mut changes = closed.changes;
        if found.state.status().is_live() {
            changes.extend(self.with_marks(&cancelled));
            changes.extend(self.successor(&cancelled));
        } else {
            changes.push(Change::Subscription(cancelled.clone()));
        }
        changes.extend(self.earn_rest(found));
        let effects = closed.effect.into_iter().collect();
        CancelledNow { changes, effects, subscription: cancelled }
    }

    /// The rows of the one that waits behind a subscription which has ended, as it begins now.
    pub(crate) fn successor(&self, ended: &Subscription) -> Vec<Change> {
        let now = self.context.now;
        let next = self.waiting(ended.user).next();
        let begun = next.and_then(|next| next.begun(now).ok());
        let begun = begun.map(|begun| Subscription { updated_at: now, ..begun });
        begun.map(|begun| self.with_slices(begun).1).unwrap_or_default()
    }
}
