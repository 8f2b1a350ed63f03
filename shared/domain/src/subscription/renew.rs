//! `renew`: prolongs a running subscription.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::payment::{Ask, bought};
use crate::plan::{months, months_schema};
use crate::{
    ClientId, Entity, GrantSource, Needs, NewGrant, NewIds, OpenPayment, Payment, Purpose, Refusal,
    Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus, Success, UserId, Worth,
    calendar,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The default term of a subscription whose plan the client does not have, so that it has no
/// interval.
pub(super) const MONTHS_WITHOUT_PLAN: u32 = 1;

/// Prolongs a running subscription. The new end is counted from the first start, so that months do
/// not drift. One that was to be cancelled at its end goes on. In the grace after its end it goes
/// on as the plan that it was to be renewed as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// The subscription to prolong.
    pub subscription_id: SubscriptionId,
    /// The added months; one interval of its plan when absent.
    #[serde(default, deserialize_with = "months")]
    #[schema(schema_with = months_schema)]
    pub duration_months: Option<u32>,
}

impl OpenRules for Renew {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.terms_of.insert((client, self.subscription_id));
        needs.money = true;
        needs.new_ids.grants += 1;
        needs.new_ids.payments += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (now, payment) = (decider.context.now, new_ids.payment());
        let grant = NewGrant { id: new_ids.grant(), source: GrantSource::Renewal, worth: None };
        let found = decider.subscription(self.subscription_id)?;
        // At its end another plan begins that was asked for, and so it does in the grace after it.
        let is_in_grace = found.end_date <= now && found.state.status().is_entitled();
        let plan = if is_in_grace { found.renewed_as() } else { found.sold_as() };
        let terms = match &found.next_plan {
            Some(next) if *next == plan => decider.working_set.next_terms_of(&found),
            _ => decider.working_set.terms_of(&found),
        };
        let months = match terms {
            Some(terms) => terms.term(&plan.code, self.duration_months)?,
            None => self.duration_months.unwrap_or(MONTHS_WITHOUT_PLAN),
        };
        let live = decider.unfailed(found.if_status(SubscriptionStatus::is_entitled)?);
        decider.no_payment_in_progress(&live)?;
        // Who renews does not want it to end. A payment that waits for the user is given up.
        let wanted = live.clone().kept(now).when_bought(&plan).without_payment();
        let (rows, renewed) = decider.extend(&wanted, months, grant.clone())?;
        let closed = decider.close_payment_of(&live);
        let (mut changes, mut effects) = (closed.changes, Vec::from_iter(closed.effect));
        let Some(terms) = terms.filter(|terms| terms.price.amount > 0) else {
            changes.extend(rows);
            let success = Some(Success::Changed(Entity::Subscription(renewed)));
            return Ok(Ruled { changes, effects, success });
        };
        let user = decider.working_set.user(live.client, live.user);
        let user = closed.user.as_ref().or(user).ok_or(Refusal::UserNotFound)?;
        decider.provider_for(user, &plan.code, terms.price)?;
        let until = calendar::writable(now + Payment::UNPAID_MAX);
        let clears_flag = wanted.state != live.state;
        let asked = decider.ask_as(
            payment,
            Ask {
                user,
                purpose: Purpose::Renew { subscription: live.id, months, clears_flag },
                plan: (&plan.code, plan.version),
                price: terms.price_of(months),
                takes_credit: true,
                until,
            },
        )?;
        changes.extend(asked.changes);
        if let Some(effect) = asked.effect {
            let open_payment = Some(OpenPayment { id: asked.payment.id, until });
            let waits = live.after_payment(now);
            let waits = Subscription { open_payment, updated_at: now, ..waits };
            changes.extend(decider.with_marks(&waits));
            effects.push(effect);
            return Ok(Ruled { changes, effects, success: None });
        }
        let grant = NewGrant { worth: Some(Worth::of(&asked.payment)), ..grant };
        let (rows, renewed) = decider.extend(&wanted, months, grant)?;
        changes.extend(rows);
        changes.extend(decider.time_is_paid(&asked.payment));
        let success = Some(Success::Changed(bought(renewed, Some(asked.payment), false)));
        Ok(Ruled { changes, effects, success })
    }
}

impl Decider<'_> {
    /// A live subscription whose renewal is still to be tried if that is only overdue: it has not
    /// failed.
    pub(crate) fn unfailed(&self, live: Subscription) -> Subscription {
        let stored = self.working_set.subscription(live.client, live.id);
        let has_failed = stored.is_some_and(|s| s.state == SubscriptionState::PastDue);
        let state = match live.state {
            SubscriptionState::PastDue if !has_failed => SubscriptionState::Active,
            state => state,
        };
        Subscription { state, ..live }
    }
}

#[cfg(test)]
mod tests {
    use super::Renew;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, GrantSource, Interval, Plan, Refusal, Slice, Subscription,
        SubscriptionState, SubscriptionStatus, WorkingSet,
    };
    use chrono::TimeDelta;

    const fn renew(duration_months: Option<u32>) -> Renew {
        Renew { subscription_id: HELD, duration_months }
    }

    fn ended(current: SubscriptionStatus) -> Decision {
        refused(ALICE, Refusal::SubscriptionNotActive { current })
    }

    fn expected(holding: Holding) -> Decision {
        match holding {
            Holding::Nothing | Holding::OtherClients => {
                refused(None, Refusal::SubscriptionNotFound)
            }
            Holding::Ended | Holding::Expired => ended(SubscriptionStatus::Expired),
            Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
            Holding::Running | Holding::OtherUsers => {
                // Counted from 31 May: 4 months later is 30 September.
                let renewed = extended(&held(holding), 4, at("2026-09-30T08:00:00Z"));
                let slice = Slice { start: held(holding).end_date, end: renewed.end_date };
                let granted = Change::Grant(grant(HELD, GrantSource::Renewal, 2, slice));
                let changes = vec![Change::Subscription(renewed.clone()), granted];
                changed(held(holding).user, Entity::Subscription(renewed), changes)
            }
        }
    }

    #[test]
    fn only_a_running_subscription_of_the_client_can_be_renewed() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), renew(Some(2)));
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    #[test]
    fn a_renewal_at_the_instant_of_the_end_is_too_late_even_if_it_is_not_marked() {
        let (rows, end) = (holding(Holding::Running, []), held(Holding::Running).end_date);
        let before = decided_at(&rows, renew(None), end - TimeDelta::microseconds(1));
        assert!(before.outcome.success().is_some(), "{before:?}");
        assert_eq!(decided_at(&rows, renew(None), end), ended(SubscriptionStatus::Expired));
    }

    #[test]
    fn a_renewal_counts_from_the_first_start_and_not_from_the_previous_end() {
        let (start_date, end_date) = (at("2026-01-31T00:00:00Z"), at("2026-02-28T00:00:00Z"));
        let bought = Subscription {
            months: 1,
            start_date,
            anchor: start_date,
            anchor_months: 1,
            end_date,
            ..held(Holding::Running)
        };
        let rows = working_set([Change::Subscription(bought)]);
        let found = decided_at(&rows, renew(Some(1)), at("2026-02-10T00:00:00Z"));
        let renewed = subscription_of(&found);
        assert_eq!((renewed.start_date, renewed.months), (start_date, 2));
        assert_eq!(renewed.end_date, at("2026-03-31T00:00:00Z"));
    }

    fn of_plan(plan: &str, state: Holding) -> WorkingSet {
        working_set([Change::Subscription(Subscription { plan: plan.to_owned(), ..held(state) })])
    }

    #[test]
    fn a_subscription_is_renewed_under_its_own_plan() {
        let refusal =
            Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 };
        let found = decided(&of_plan("yearly", Holding::Running), renew(Some(13)));
        assert_eq!(found, refused(ALICE, refusal));
        // One whose plan the client does not have goes on, by the month.
        for (plan, months) in [("monthly", 2 + 1), ("yearly", 2 + 12), ("discontinued", 2 + 1)] {
            let found = decided(&of_plan(plan, Holding::Running), renew(None));
            let renewed = subscription_of(&found);
            assert_eq!((renewed.plan.as_str(), renewed.months), (plan, months));
        }
    }

    /// The plan may be sold at other terms since, or not at all.
    #[test]
    fn a_subscription_is_renewed_by_the_interval_that_it_was_sold_at() {
        let mut rows = holding(Holding::Running, []);
        let newer = Plan { version: 2, retired_at: Some(now()), ..plan_of("monthly") };
        let yearly = crate::Terms { interval: Interval::Year, ..newer.terms };
        rows.apply(Change::Plan(Plan { terms: yearly, ..newer }));
        rows.add_terms(HELD, plan_of("monthly").terms);
        assert_eq!(subscription_of(&decided(&rows, renew(None))).months, 2 + 1);
        rows.add_terms(HELD, yearly);
        assert_eq!(subscription_of(&decided(&rows, renew(None))).months, 2 + 12);
    }

    #[test]
    fn what_is_wrong_with_the_term_is_told_before_what_has_ended() {
        let refusal =
            Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 };
        let rows = of_plan("yearly", Holding::Expired);
        assert_eq!(decided(&rows, renew(Some(5))), refused(ALICE, refusal));
        assert_eq!(decided(&rows, renew(Some(12))), ended(SubscriptionStatus::Expired));
    }

    #[test]
    fn a_renewal_takes_back_that_it_ends_and_makes_good_a_failed_one() {
        for state in [SubscriptionState::Cancelling { at: now() }, SubscriptionState::PastDue] {
            let found = Subscription { state, ..held(Holding::Running) };
            let rows = working_set([Change::Subscription(found)]);
            let renewed = decided(&rows, renew(None));
            assert_eq!(subscription_of(&renewed).state, SubscriptionState::Active);
        }
    }

    #[test]
    fn one_that_stands_still_is_not_renewed() {
        let state = SubscriptionState::Paused { at: now(), resume_at: None };
        let found = Subscription { state, ..held(Holding::Running) };
        let rows = working_set([Change::Subscription(found)]);
        assert_eq!(decided(&rows, renew(None)), ended(SubscriptionStatus::Paused));
    }
}
