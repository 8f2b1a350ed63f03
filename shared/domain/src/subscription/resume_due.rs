//! `resume_subscription`: a subscription that stands still goes on by itself.

use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Instant, Needs, Subscription, SubscriptionId,
    calendar,
};
use serde::{Deserialize, Serialize};

/// Lets a subscription go on at the instant for which that was asked, or after a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeSubscription {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The instant from which it goes on.
    pub resume_at: Instant,
}

impl InternalRules for ResumeSubscription {
    fn key(&self) -> IdempotencyKey {
        let at = calendar::written(self.resume_at);
        IdempotencyKey::internal(format!("resume:{}:{at}", self.subscription_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.grants_of.insert((client, self.subscription_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let subscription = decider.due(self.subscription_id, self.clone())?;
        // It goes on from that instant, however late that is seen.
        let updated_at = decider.context.now;
        let resumed = Subscription { updated_at, ..subscription.resumed(self.resume_at) };
        let moved = decider.grants_after_pause(subscription, self.resume_at);
        let changes = [Change::Subscription(resumed.clone())].into_iter();
        let changes = changes.chain(moved.into_iter().map(Change::Grant)).collect();
        Some((changes, Entity::Subscription(resumed)))
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{Change, Subscription, SubscriptionState};
    use chrono::TimeDelta;

    #[test]
    fn it_goes_on_from_the_instant_that_was_asked_for_however_late_that_is_seen() {
        let (paused_at, resume_at) = (at("2026-06-15T08:00:00Z"), at("2026-07-01T20:00:00Z"));
        let state = SubscriptionState::Paused { at: paused_at, resume_at: Some(resume_at) };
        let paused = Subscription { state, ..held(Holding::Running) };
        let due = paused.due().unwrap();
        let rows = working_set([Change::Subscription(paused)]);
        let before = resume_at - TimeDelta::microseconds(1);
        assert_eq!(due_at(&rows, due.clone(), before), None);
        for late in [TimeDelta::zero(), TimeDelta::days(3)] {
            let found = due_at(&rows, due.clone(), resume_at + late).unwrap();
            let resumed = subscription_of(&found);
            assert_eq!(resumed.state, SubscriptionState::Active);
            assert_eq!(resumed.end_date, at("2026-08-16T20:00:00Z"));
        }
    }
}
