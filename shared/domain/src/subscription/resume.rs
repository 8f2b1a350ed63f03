//! `resume`: a subscription that stands still goes on.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    ClientId, Needs, NewIds, Refusal, Subscription, SubscriptionId, SubscriptionStatus, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lets a subscription that stands still go on: what was left of its term begins now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The subscription that goes on.
    pub subscription_id: SubscriptionId,
}

impl Rules for Resume {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let now = decider.context.now;
        let paused = decider.subscription(self.subscription_id)?;
        if paused.state.status() != SubscriptionStatus::Paused {
            return Err(Refusal::SubscriptionNotPaused { current: paused.state.status() });
        }
        Ok(decider.changed(Subscription { updated_at: now, ..paused.resumed(now) }))
    }
}

#[cfg(test)]
mod tests {
    use super::Resume;
    use crate::samples::*;
    use crate::{Change, Refusal, Subscription, SubscriptionState, SubscriptionStatus};

    const RESUME: Resume = Resume { subscription_id: HELD };

    #[test]
    fn what_was_left_begins_now() {
        // 36 days, 8 hours and a bit less than a second were left.
        let state = SubscriptionState::Paused { at: at("2026-06-10T00:00:00.5Z"), resume_at: None };
        let paused = Subscription { state, ..held(Holding::Running) };
        let found = decided(&working_set([Change::Subscription(paused.clone())]), RESUME);
        // now() + (2026-07-31T08:00:00Z − 2026-06-10T00:00:00.5Z)
        let end_date = at("2026-08-05T19:59:59.623456Z");
        let expected = Subscription {
            state: SubscriptionState::Active,
            anchor: end_date,
            anchor_months: 0,
            end_date,
            updated_at: now(),
            ..paused
        };
        assert_eq!(subscription_of(&found), &expected);
    }

    #[test]
    fn one_that_does_not_stand_still_does_not_go_on() {
        for (state, current) in [
            (Holding::Running, SubscriptionStatus::Active),
            (Holding::Ended, SubscriptionStatus::Expired),
            (Holding::Cancelled, SubscriptionStatus::Cancelled),
        ] {
            let refusal = Refusal::SubscriptionNotPaused { current };
            assert_eq!(decided(&holding(state, []), RESUME), refused(ALICE, refusal));
        }
    }
}
