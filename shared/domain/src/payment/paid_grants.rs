//! The grants that a payment has paid for, and what has come in their place.

use super::chains::Chains;
use crate::decide::Decider;
use crate::{Grant, GrantId, Payment, SubscriptionId};
use std::collections::BTreeMap;

impl Decider<'_> {
    /// The grants that a payment has paid for, and those in their place after changes of plan, in
    /// the order of their ids. Those that a change has taken are here, and those that go on.
    pub(super) fn paid_grants(&self, payment: &Payment) -> Vec<&Grant> {
        let mut found: BTreeMap<GrantId, &Grant> = BTreeMap::new();
        let mut chains: BTreeMap<SubscriptionId, Chains<'_>> = BTreeMap::new();
        let of_payment = self.working_set.grants().filter(|g| g.payment == Some(payment.id));
        for first in of_payment {
            let subscription = first.subscription;
            let chains = chains
                .entry(subscription)
                .or_insert_with(|| Chains::of(self.working_set, subscription));
            let mut next = Some(first);
            while let Some(grant) = next.filter(|grant| !found.contains_key(&grant.id)) {
                found.insert(grant.id, grant);
                next = chains.in_place_of(grant);
            }
        }
        found.into_values().collect()
    }

    /// Whether a payment that has succeeded came too late: nothing was had for it.
    pub(super) fn came_late(&self, payment: &Payment) -> bool {
        let gift = payment.purpose.gift().and_then(|id| self.working_set.gift(payment.client, id));
        let mut grants = self.working_set.grants();
        gift.is_none_or(|gift| gift.value == 0)
            && !grants.any(|grant| grant.payment == Some(payment.id))
    }
}
