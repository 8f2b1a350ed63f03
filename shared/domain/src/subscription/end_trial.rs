//! `end_trial`: a trial ends for which months are there already.

use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Instant, Needs, Subscription, SubscriptionId,
    calendar,
};
use serde::{Deserialize, Serialize};

/// Ends a trial of a subscription that has months after it: nothing is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndTrial {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The end of the trial.
    pub trial_end: Instant,
}

impl InternalRules for EndTrial {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!(
            "trial:{}:{}",
            self.subscription_id,
            calendar::written(self.trial_end)
        ))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let stored = decider.due(self.subscription_id, self.clone())?;
        let after = Subscription { updated_at: decider.context.now, ..stored.after_trial() };
        Some((vec![Change::Subscription(after.clone())], Entity::Subscription(after)))
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{Change, Conversion, Subscription, SubscriptionState};
    use chrono::TimeDelta;

    /// A trial until 30 June, with a month after it.
    fn trialing(cancelling: Option<crate::Instant>) -> Subscription {
        let trial_end = at("2026-06-30T08:00:00Z");
        Subscription {
            state: SubscriptionState::Trialing { cancelling },
            trial_end: Some(trial_end),
            conversion: Some(Conversion { months: 1, is_payable: true }),
            anchor: trial_end,
            anchor_months: 1,
            months: 1,
            end_date: at("2026-07-30T08:00:00Z"),
            ..held(Holding::Running)
        }
    }

    #[test]
    fn it_goes_on_with_the_months_that_are_there_and_nothing_is_owed() {
        for (asked, state) in [
            (None, SubscriptionState::Active),
            (Some(now()), SubscriptionState::Cancelling { at: now() }),
        ] {
            let trial = trialing(asked);
            let (due, end) = (trial.due().unwrap(), trial.trial_end.unwrap());
            let rows = working_set([Change::Subscription(trial.clone())]);
            assert_eq!(due_at(&rows, due.clone(), end - TimeDelta::microseconds(1)), None);
            for late in [TimeDelta::zero(), TimeDelta::days(40)] {
                let found = due_at(&rows, due.clone(), end + late).unwrap();
                let conversion = None;
                let updated_at = end + late;
                let after = Subscription { state, conversion, updated_at, ..trial.clone() };
                assert_eq!(found.changes, [Change::Subscription(after)]);
            }
        }
    }
}
