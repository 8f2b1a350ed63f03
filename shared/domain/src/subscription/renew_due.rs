//! `renew_subscription`: renews a subscription at its end by itself, or lets the one begin that
//! waits behind it.

use super::attempt::{Attempted, attempt_renewal};
use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Instant, Needs, NewIds, Subscription, SubscriptionId,
    calendar,
};
use serde::{Deserialize, Serialize};

/// Renews a subscription at its end, by one interval of the plan that it is renewed as; or buys the
/// first period after a trial. It is tried at the end, and 1, 3 and 5 days later inside the grace.
/// One that should have been renewed longer ago than its grace ends instead. If another waits
/// behind it, it is not renewed: that one begins at its end, and takes the renewal over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewSubscription {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The end at which it is renewed.
    pub end_date: Instant,
    /// The number of the attempt at that end, from 1 on.
    #[serde(default = "first")]
    pub n: u32,
}

/// Releases before this one made one attempt only, and did not number it.
const fn first() -> u32 {
    1
}

impl OpenInternalRules for RenewSubscription {
    fn key(&self) -> IdempotencyKey {
        let end = calendar::written(self.end_date);
        IdempotencyKey::internal(format!("renew:{}:{end}:{}", self.subscription_id, self.n))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.owners_of.insert((client, self.subscription_id));
        needs.terms_of.insert((client, self.subscription_id));
        needs.money = true;
        needs.new_ids.grants += 1;
        needs.new_ids.payments += 1;
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Option<InternalRuled> {
        let now = decider.context.now;
        let stored = decider.due(self.subscription_id, self.clone())?;
        let subscription = stored.as_of(now);
        let attempted = if let Some((changes, ended)) = decider.hand_over(stored) {
            ended_as(decider, changes, &ended)
        } else if subscription.state.status().is_live() {
            attempt_renewal(decider, &subscription, self.n, new_ids)
        } else {
            ended_as(decider, Vec::new(), &stored.marked(now))
        };
        let Attempted { changes, effects, subscription } = attempted;
        let entity = Entity::Subscription(subscription);
        Some(InternalRuled { changes, effects, entity, settles: None })
    }
}

/// The end of the subscription. It does not wait for a payment any more.
fn ended_as(decider: &Decider<'_>, mut changes: Vec<Change>, ended: &Subscription) -> Attempted {
    let closed = decider.close_payment_of(ended);
    let subscription = ended.clone().without_payment();
    changes.retain(|change| *change != Change::Subscription(ended.clone()));
    changes.insert(0, Change::Subscription(subscription.clone()));
    changes.extend(closed.changes);
    Attempted { changes, effects: closed.effect.into_iter().collect(), subscription }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{Change, Interval, Money, Subscription, SubscriptionState, Terms, WorkingSet};
    use chrono::TimeDelta;

    fn renewing(grace_days: u32) -> Subscription {
        Subscription { auto_renew: true, grace_days, ..held(Holding::Running) }
    }

    fn rows(subscription: &Subscription, terms: Terms) -> WorkingSet {
        let mut rows = working_set([Change::Subscription(subscription.clone())]);
        rows.add_terms(HELD, terms);
        rows
    }

    fn priced() -> Terms {
        let terms = plan_of("monthly").terms;
        Terms { price: Money { amount: 1_200, ..terms.price }, ..terms }
    }

    /// The subscription so long after its end.
    fn after(grace_days: u32, terms: Terms, late: TimeDelta) -> Subscription {
        let subscription = renewing(grace_days);
        let (due, now) = (subscription.due().unwrap(), subscription.end_date + late);
        let decision = due_at(&rows(&subscription, terms), due, now).unwrap();
        subscription_of(&decision).clone()
    }

    #[test]
    fn it_is_renewed_from_its_anchor_by_the_interval_that_it_was_sold_at() {
        let monthly = plan_of("monthly").terms;
        for (interval, end) in
            [(Interval::Month, "2026-08-31T08:00:00Z"), (Interval::Year, "2027-07-31T08:00:00Z")]
        {
            let renewed = after(7, Terms { interval, ..monthly }, TimeDelta::days(6));
            assert_eq!((renewed.state, renewed.end_date), (SubscriptionState::Active, at(end)));
        }
    }

    #[test]
    fn nobody_is_renewed_after_the_grace_is_over() {
        let monthly = plan_of("monthly").terms;
        let tick = TimeDelta::microseconds(1);
        for (grace_days, late, state) in [
            (7, TimeDelta::days(7) - tick, SubscriptionState::Active),
            (7, TimeDelta::days(7), SubscriptionState::Expired),
            (0, TimeDelta::hours(1) - tick, SubscriptionState::Active),
            (0, TimeDelta::hours(1), SubscriptionState::Expired),
        ] {
            assert_eq!(after(grace_days, monthly, late).state, state, "{grace_days} {late}");
        }
    }

    #[test]
    fn what_has_a_price_is_past_due_because_no_payments_are_taken() {
        for (grace_days, state) in
            [(7, SubscriptionState::PastDue), (0, SubscriptionState::Expired)]
        {
            let found = after(grace_days, priced(), TimeDelta::zero());
            assert_eq!((found.state, found.months), (state, 2));
        }
    }

    #[test]
    fn it_is_not_renewed_before_its_end_nor_twice_nor_when_that_is_switched_off() {
        let (subscription, terms) = (renewing(7), plan_of("monthly").terms);
        let (due, end) = (subscription.due().unwrap(), subscription.end_date);
        let found = rows(&subscription, terms);
        assert_eq!(due_at(&found, due.clone(), end - TimeDelta::microseconds(1)), None);
        let mut renewed = found;
        for change in due_at(&renewed, due.clone(), end).unwrap().changes {
            renewed.apply(change);
        }
        assert_eq!(due_at(&renewed, due.clone(), end), None);
        let off = Subscription { auto_renew: false, ..subscription };
        assert_eq!(due_at(&rows(&off, terms), due, end), None);
    }

    #[test]
    fn one_that_waits_begins_in_the_place_of_the_renewal() {
        let running = renewing(5);
        let due = running.due().unwrap();
        let mut rows = rows(&running, priced());
        rows.apply(Change::Subscription(waiting(11, "gold", 2)));
        for late in [TimeDelta::zero(), TimeDelta::days(40)] {
            let now = running.end_date + late;
            let found = due_at(&rows, due.clone(), now).unwrap();
            let expired = running.expired(now);
            let begun = waiting(11, "gold", 2).begun_after(&running, running.end_date).unwrap();
            assert!(begun.auto_renew && begun.next_plan.is_some());
            let begun = Subscription { updated_at: now, ..begun };
            assert_eq!(found.changes, [expired, begun].map(Change::Subscription));
        }
    }

    #[test]
    fn it_is_renewed_as_the_plan_that_it_stands_in_for() {
        let gold = waiting(11, "gold", 2).begun_after(&renewing(5), now()).unwrap();
        let mut rows = working_set([Change::Subscription(gold.clone())]);
        rows.add_terms(gold.id, priced());
        rows.add_next_terms(gold.id, plan_of("monthly").terms);
        let found = due_at(&rows, gold.due().unwrap(), gold.end_date).unwrap();
        let renewed = subscription_of(&found);
        assert_eq!((renewed.plan.as_str(), renewed.plan_version), ("monthly", 1));
        assert_eq!((&renewed.next_plan, renewed.months), (&None, 3));
        assert_eq!(renewed.end_date, at("2026-09-15T12:00:00.123456Z"), "from its anchor");
        // What that plan costs counts, and not what the gift's plan costs.
        rows.add_next_terms(gold.id, priced());
        let found = due_at(&rows, gold.due().unwrap(), gold.end_date).unwrap();
        let failed = subscription_of(&found);
        assert_eq!((failed.state, failed.plan.as_str()), (SubscriptionState::PastDue, "gold"));
    }
}
