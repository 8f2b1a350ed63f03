//! `auto_renew`: whether a subscription is renewed by itself.

use super::term::changed;
use crate::decide::{Decider, Rules, Ruling};
use crate::{ClientId, Needs, NewIds, Subscription, SubscriptionId, SubscriptionStatus, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Switches whether a subscription is renewed at its end by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAutoRenew {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// Whether it is renewed by itself from now on.
    pub auto_renew: bool,
}

impl Rules for SetAutoRenew {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let live = decider.subscription_that(self.subscription_id, SubscriptionStatus::is_live)?;
        // As it is stored: its renewal may be overdue, and is still to be tried.
        let stored = decider.working_set.subscription(live.client, live.id).cloned();
        let (auto_renew, updated_at) = (self.auto_renew, decider.context.now);
        Ok(changed(Subscription { auto_renew, updated_at, ..stored.unwrap_or(live) }))
    }
}

#[cfg(test)]
mod tests {
    use super::SetAutoRenew;
    use crate::samples::*;
    use crate::{Change, Refusal, Subscription, SubscriptionStatus};
    use chrono::TimeDelta;

    #[test]
    fn a_live_subscription_is_switched_both_ways_and_nothing_else_changes() {
        for (before, after) in [(false, true), (true, false), (true, true)] {
            let found = Subscription { auto_renew: before, ..held(Holding::Running) };
            let rows = working_set([Change::Subscription(found.clone())]);
            let command = SetAutoRenew { subscription_id: HELD, auto_renew: after };
            let expected = Subscription { auto_renew: after, updated_at: now(), ..found };
            assert_eq!(subscription_of(&decided(&rows, command)), &expected);
        }
    }

    #[test]
    fn a_renewal_that_is_overdue_is_still_to_be_tried_afterwards() {
        let found = Subscription { auto_renew: true, ..held(Holding::Running) };
        let rows = working_set([Change::Subscription(found.clone())]);
        let late = found.end_date + TimeDelta::hours(2);
        let command = SetAutoRenew { subscription_id: HELD, auto_renew: true };
        let after = decided_at(&rows, command, late);
        assert_eq!(subscription_of(&after).due(), found.due());
    }

    #[test]
    fn one_that_has_ended_is_not_switched() {
        let command = SetAutoRenew { subscription_id: HELD, auto_renew: true };
        let current = SubscriptionStatus::Expired;
        let refusal = Refusal::SubscriptionNotActive { current };
        let found = decided(&holding(Holding::Ended, []), command);
        assert_eq!(found, refused(ALICE, refusal));
    }
}
