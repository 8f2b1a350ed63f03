//! `renew`: prolongs a running subscription.

use crate::decide::{Decider, Rules, Ruling};
use crate::{ClientId, Entity, GrantSource, Needs, NewIds, Plan, SubscriptionId, Success, UserId};
use serde::{Deserialize, Serialize};

/// The default term under a plan that is no longer sold and so has no interval.
const MONTHS_OF_RETIRED_PLAN: u32 = 1;

/// Prolongs a running subscription. The new end is counted from the first start, so that months do
/// not drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// The subscription to prolong.
    pub subscription_id: SubscriptionId,
    /// The added months; one interval of its plan when absent.
    pub duration_months: Option<u32>,
}

impl Rules for Renew {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let subscription = decider.active(self.subscription_id)?;
        let months = match Plan::find(&subscription.plan) {
            Some(plan) => plan.term(self.duration_months)?,
            None => self.duration_months.unwrap_or(MONTHS_OF_RETIRED_PLAN),
        };
        let (changes, renewed) = decider.extend(subscription, months, GrantSource::Renewal)?;
        Ok((changes, Success::Changed(Entity::Subscription(renewed))))
    }
}
