//! `cancel`: ends a running subscription at once.

use crate::decide::{Decider, Ruling};
use crate::{Change, Refusal, Subscription, SubscriptionId, SubscriptionStatus, Success};

impl Decider<'_> {
    /// Decides a `cancel`. `end_date` does not move, so that the bought term stays on record.
    pub(crate) fn cancel(&self, id: SubscriptionId) -> Ruling {
        let cancelled = self.active(id)?.cancelled(self.context.now);
        Ok((vec![Change::Subscription(cancelled.clone())], Success::Cancelled(cancelled)))
    }

    /// The subscription of that id; a refusal unless it runs.
    pub(crate) fn active(&self, id: SubscriptionId) -> Result<&Subscription, Refusal> {
        let found = self.working_set.subscription(self.context.client, id);
        let subscription = found.ok_or(Refusal::SubscriptionNotFound)?;
        match subscription.effective_status(self.context.now) {
            SubscriptionStatus::Active => Ok(subscription),
            current => Err(Refusal::SubscriptionNotActive { current }),
        }
    }
}
