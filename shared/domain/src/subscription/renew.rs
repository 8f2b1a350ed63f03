//! `renew`: prolongs a running subscription.

use crate::decide::{Decider, Ruling};
use crate::{Change, GrantSource, Plan, Refusal, Subscription, SubscriptionId, Success};

/// The default term under a plan that is no longer sold and so has no interval.
const MONTHS_OF_RETIRED_PLAN: u32 = 1;

impl Decider<'_> {
    /// Decides a `renew`. The new end is counted from the first start, so that months do not drift.
    pub(crate) fn renew(&self, id: SubscriptionId, requested_months: Option<u32>) -> Ruling {
        let subscription = self.active(id)?;
        let months = match Plan::find(&subscription.plan) {
            Some(plan) => plan.term(requested_months)?,
            None => requested_months.unwrap_or(MONTHS_OF_RETIRED_PLAN),
        };
        let (changes, renewed) = self.extend(subscription, months, GrantSource::Renewal)?;
        Ok((changes, Success::Renewed(renewed)))
    }

    /// The changes that give `running` more months.
    pub(crate) fn extend(
        &self,
        running: &Subscription,
        months: u32,
        source: GrantSource,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let extended = running.extended(months, self.context.now)?;
        let grant = self.grant(running.id, source, months);
        Ok((vec![Change::Subscription(extended.clone()), Change::Grant(grant)], extended))
    }
}
