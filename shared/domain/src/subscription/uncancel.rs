//! `uncancel`: a subscription that was to be cancelled at its end goes on.

use crate::decide::{Decider, Rules, Ruling};
use crate::{ClientId, Needs, NewIds, Refusal, SubscriptionId, SubscriptionState, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Takes back that a subscription is cancelled at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Uncancel {
    /// The subscription that goes on.
    pub subscription_id: SubscriptionId,
}

impl Rules for Uncancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let subscription = decider.subscription(self.subscription_id)?;
        let state = match subscription.state {
            SubscriptionState::Cancelling { .. } => SubscriptionState::Active,
            SubscriptionState::Trialing { cancelling: Some(_) } => {
                SubscriptionState::Trialing { cancelling: None }
            }
            _ => return Err(Refusal::NotCancelling),
        };
        Ok(decider.changed(subscription.in_state(state, decider.context.now)))
    }
}

#[cfg(test)]
mod tests {
    use super::Uncancel;
    use crate::samples::*;
    use crate::{Change, Refusal, Subscription, SubscriptionState};
    use chrono::TimeDelta;

    const UNCANCEL: Uncancel = Uncancel { subscription_id: HELD };

    #[test]
    fn it_is_taken_back_until_the_instant_of_the_end() {
        let state = SubscriptionState::Cancelling { at: now() };
        let flagged = Subscription { state, ..held(Holding::Running) };
        let end = flagged.end_date;
        let rows = working_set([Change::Subscription(flagged)]);
        let before = decided_at(&rows, UNCANCEL, end - TimeDelta::microseconds(1));
        assert_eq!(subscription_of(&before).state, SubscriptionState::Active);
        let late = decided_at(&rows, UNCANCEL, end);
        assert_eq!(late, refused(ALICE, Refusal::NotCancelling));
    }

    #[test]
    fn nothing_else_can_be_taken_back() {
        for state in [Holding::Running, Holding::Ended, Holding::Cancelled, Holding::Expired] {
            let found = decided(&holding(state, []), UNCANCEL);
            assert_eq!(found, refused(ALICE, Refusal::NotCancelling), "{state:?}");
        }
        for state in [Holding::Nothing, Holding::OtherClients] {
            let found = decided(&holding(state, []), UNCANCEL);
            assert_eq!(found, refused(None, Refusal::SubscriptionNotFound), "{state:?}");
        }
    }
}
