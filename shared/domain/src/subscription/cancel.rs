//! `cancel`: ends a subscription, at once or at its end.

use super::term::changed;
use crate::bounded::is_false;
use crate::decide::{Decider, Rules, Ruling};
use crate::{
    ClientId, Entity, Needs, NewIds, SubscriptionId, SubscriptionState, SubscriptionStatus,
    Success, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ends a subscription at once, or at its end. Its `end_date` does not move, so that the bought
/// term stays on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription to end.
    pub subscription_id: SubscriptionId,
    /// Whether it goes on until its end; absent, it ends at once. One that was to end at its end
    /// already is left as it is.
    // Not written where false, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_period_end: bool,
}

impl Cancel {
    fn at_once(&self, decider: &Decider<'_>) -> Ruling {
        let live = decider.subscription_that(self.subscription_id, SubscriptionStatus::is_live)?;
        Ok(changed(live.cancelled(decider.context.now)))
    }

    fn at_end(&self, decider: &Decider<'_>) -> Ruling {
        let is_active = |status| status == SubscriptionStatus::Active;
        let active = decider.subscription_that(self.subscription_id, is_active)?;
        if matches!(active.state, SubscriptionState::Cancelling { .. }) {
            return Ok((Vec::new(), Success::Changed(Entity::Subscription(active))));
        }
        let now = decider.context.now;
        Ok(changed(active.in_state(SubscriptionState::Cancelling { at: now }, now)))
    }
}

impl Rules for Cancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        if self.at_period_end { self.at_end(decider) } else { self.at_once(decider) }
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

    const CANCEL: Cancel = Cancel { subscription_id: HELD, at_period_end: false };

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

    const AT_END: Cancel = Cancel { subscription_id: HELD, at_period_end: true };

    #[test]
    fn at_its_end_it_goes_on_until_then() {
        let state = SubscriptionState::Cancelling { at: now() };
        let flagged = Subscription { state, updated_at: now(), ..held(Holding::Running) };
        let changes = vec![Change::Subscription(flagged.clone())];
        let entity = Entity::Subscription(flagged.clone());
        let found = decided(&holding(Holding::Running, []), AT_END);
        assert_eq!(found, changed(ALICE, entity.clone(), changes));
        // Asked for again, nothing changes; asked for at once, it ends at once.
        let rows = working_set([Change::Subscription(flagged.clone())]);
        assert_eq!(decided(&rows, AT_END), changed(ALICE, entity, Vec::new()));
        let state = SubscriptionState::Cancelled { at: now() };
        assert_eq!(subscription_of(&decided(&rows, CANCEL)).state, state);
    }

    #[test]
    fn one_that_stands_still_or_is_past_due_can_only_be_cancelled_at_once() {
        let paused = SubscriptionState::Paused { at: now(), resume_at: None };
        for (state, current) in [
            (paused, SubscriptionStatus::Paused),
            (SubscriptionState::PastDue, SubscriptionStatus::PastDue),
        ] {
            let rows = working_set([Change::Subscription(Subscription {
                state,
                ..held(Holding::Running)
            })]);
            let refusal = Refusal::SubscriptionNotActive { current };
            assert_eq!(decided(&rows, AT_END), refused(ALICE, refusal));
            let cancelled = SubscriptionState::Cancelled { at: now() };
            assert_eq!(subscription_of(&decided(&rows, CANCEL)).state, cancelled);
        }
    }
}
