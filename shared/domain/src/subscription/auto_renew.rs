//! `auto_renew`: whether a subscription is renewed by itself.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    ClientId, Needs, NewIds, Refusal, Subscription, SubscriptionId, SubscriptionStatus, UserId,
};
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
        needs.terms_of.insert((client, self.subscription_id));
        needs.money = true;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let live = decider.subscription_that(self.subscription_id, SubscriptionStatus::is_live)?;
        if self.auto_renew && !can_be_renewed(decider, &live) {
            return Err(Refusal::PaymentMethodRequired);
        }
        let (auto_renew, updated_at) = (self.auto_renew, decider.context.now);
        let live = decider.unfailed(live);
        Ok(decider.changed(Subscription { auto_renew, updated_at, ..live }))
    }
}

/// Whether a renewal costs nothing, or the user has a payment method that is charged.
fn can_be_renewed(decider: &Decider<'_>, live: &Subscription) -> bool {
    let terms = decider.working_set.next_terms_of(live);
    let user = decider.working_set.user(live.client, live.user);
    terms.is_none_or(|terms| terms.price.amount == 0)
        || user.is_some_and(|user| decider.default_method(user).is_some())
}

#[cfg(test)]
mod tests {
    use super::SetAutoRenew;
    use crate::samples::*;
    use crate::{Change, Refusal, Subscription, SubscriptionState, SubscriptionStatus, User};
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

    #[test]
    fn one_whose_pause_is_over_goes_on_whether_or_not_that_is_marked() {
        let (paused_at, resume_at) = (at("2026-06-10T00:00:00Z"), at("2026-06-12T00:00:00Z"));
        let state = SubscriptionState::Paused { at: paused_at, resume_at: Some(resume_at) };
        let paused = Subscription { state, ..held(Holding::Running) };
        let resumed = paused.resumed(resume_at);
        let command = SetAutoRenew { subscription_id: HELD, auto_renew: true };
        let [found, marked] = [paused, resumed]
            .map(|found| decided(&working_set([Change::Subscription(found)]), command.clone()));
        assert_eq!(found, marked);
    }

    #[test]
    fn on_it_needs_a_payment_method_where_the_renewal_has_a_price() {
        let no_method = User { default_method: None, ..payer(0) };
        let free = plan_of("monthly").terms;
        let gold = priced("gold", 500).terms;
        for (user, terms, auto_renew, is_refused) in [
            (no_method.clone(), gold, true, true),
            (no_method.clone(), gold, false, false),
            (no_method, free, true, false),
            (payer(0), gold, true, false),
        ] {
            let rows = [Change::User(user), Change::Method(card())];
            let mut set = holding(Holding::Running, rows);
            set.add_terms(HELD, terms);
            let found = paid_by(&set, SetAutoRenew { subscription_id: HELD, auto_renew });
            let refusal = Refusal::PaymentMethodRequired;
            assert_eq!(found == refused(ALICE, refusal), is_refused, "{terms:?} {auto_renew}");
        }
    }
}
