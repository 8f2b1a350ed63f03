//! `cancel`: ends a running subscription at once.

use crate::decide::{Decider, Rules, Ruling};
use crate::{Change, ClientId, Entity, Needs, NewIds, SubscriptionId, Success, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ends a running subscription at once. Its `end_date` does not move, so that the bought term stays
/// on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription to end.
    pub subscription_id: SubscriptionId,
}

impl Rules for Cancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let cancelled = decider.active(self.subscription_id)?.cancelled(decider.context.now);
        let changes = vec![Change::Subscription(cancelled.clone())];
        Ok((changes, Success::Changed(Entity::Subscription(cancelled))))
    }
}

#[cfg(test)]
mod tests {
    use super::Cancel;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, Refusal, Subscription, SubscriptionState, SubscriptionStatus,
    };
    use chrono::TimeDelta;

    const CANCEL: Cancel = Cancel { subscription_id: HELD };

    fn expected(holding: Holding) -> Decision {
        let ended = |current| refused(ALICE, Refusal::SubscriptionNotActive { current });
        match holding {
            Holding::Nothing | Holding::OtherClients => {
                refused(None, Refusal::SubscriptionNotFound)
            }
            Holding::Ended | Holding::Expired => ended(SubscriptionStatus::Expired),
            Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
            Holding::Running | Holding::OtherUsers => {
                let state = SubscriptionState::Cancelled { at: now() };
                let cancelled = Subscription { state, updated_at: now(), ..held(holding) };
                let changes = vec![Change::Subscription(cancelled.clone())];
                changed(held(holding).user, Entity::Subscription(cancelled), changes)
            }
        }
    }

    #[test]
    fn only_a_running_subscription_of_the_client_can_be_cancelled() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), CANCEL);
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    #[test]
    fn a_cancelled_subscription_keeps_the_end_and_the_months_that_were_bought() {
        let found = decided(&holding(Holding::Running, []), CANCEL);
        let cancelled = subscription_of(&found);
        let bought = held(Holding::Running);
        assert_eq!((cancelled.end_date, cancelled.months), (bought.end_date, bought.months));
    }

    #[test]
    fn a_cancellation_at_the_instant_of_the_end_is_too_late() {
        let (rows, end) = (holding(Holding::Running, []), held(Holding::Running).end_date);
        let before = decided_at(&rows, CANCEL, end - TimeDelta::microseconds(1));
        assert!(before.result.is_ok(), "{before:?}");
        let current = SubscriptionStatus::Expired;
        let refusal = Refusal::SubscriptionNotActive { current };
        assert_eq!(decided_at(&rows, CANCEL, end), refused(ALICE, refusal));
    }
}
