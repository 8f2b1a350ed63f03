//! `subscribe`: starts a subscription.

use crate::bounded::is_false;
use crate::decide::{Decider, Rules, Ruling};
use crate::plan::{months, months_schema};
use crate::read_if::read_if;
use crate::{
    ClientId, Entity, ExternalId, GrantSource, Needs, NewIds, PlanCode, Refusal, Sold,
    Subscription, Success, UserId, UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Starts a subscription. A user has at most one that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Subscribe {
    /// The user who gets the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub user_id: Option<UserId>,
    /// The external id of that user, in the place of `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
    /// The plan of the subscription.
    pub plan: PlanCode,
    /// The term in months; one interval of the plan when absent.
    #[serde(default, deserialize_with = "months")]
    #[schema(schema_with = months_schema)]
    pub duration_months: Option<u32>,
    /// Whether it is renewed at its end by itself; not when absent.
    // Not written where false, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto_renew: bool,
}

read_if!(Subscribe, |command| command.user().is_one(), "must name one user, in one way");

impl Subscribe {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.user_id, external_id: self.external_id.as_ref() }
    }
}

impl Rules for Subscribe {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.plans.insert((client, self.plan.clone()));
        needs.new_ids.subscriptions += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let (context, id) = (decider.context, new_ids.subscription());
        let user = decider.user(self.user()).ok_or(Refusal::UserNotFound)?;
        let plan = decider.plan_on_sale(&self.plan)?;
        let months = plan.terms.term(plan.code.as_str(), self.duration_months)?;
        decider.not_subscribed(user.id)?;
        let sold = Sold { auto_renew: self.auto_renew, ..plan.sold() };
        let begun = Subscription::start(id, (user.id, user.client), sold, months, context.now)?;
        let changes = decider.start(&begun, GrantSource::Purchase);
        if plan.terms.price.amount > 0 {
            return Err(Refusal::PaymentsDisabled { plan: plan.code.as_str().to_owned() });
        }
        Ok((changes, Success::Created(Entity::Subscription(begun))))
    }
}

#[cfg(test)]
mod tests {
    use super::Subscribe;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, GrantSource, Interval, Money, Plan, PlanId, Refusal,
        Subscription, Terms, UserId,
    };
    use chrono::TimeDelta;

    fn subscribe(user_id: UserId, code: &str, duration_months: Option<u32>) -> Subscribe {
        let (user_id, plan) = (Some(user_id), plan(code));
        Subscribe { user_id, external_id: None, plan, duration_months, auto_renew: false }
    }

    fn running() -> Refusal {
        let end_date = held(Holding::Running).end_date;
        Refusal::AlreadySubscribed { subscription: HELD, end_date }
    }

    fn uneven() -> Refusal {
        Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 }
    }

    fn unknown(code: &str) -> Refusal {
        let on_sale = vec!["monthly".to_owned(), "yearly".to_owned()];
        Refusal::UnknownPlan { plan: code.to_owned(), on_sale, more: false }
    }

    /// A plan of one year that has a price.
    fn gold() -> Plan {
        let bought = plan_of("yearly");
        let price = Money { amount: 12_000, ..bought.terms.price };
        let terms = Terms { price, ..bought.terms };
        Plan { id: PlanId::new(7), code: plan("gold"), terms, version: 3, ..bought }
    }

    fn expected(holding: Holding) -> Decision {
        if holding == Holding::Running {
            return refused(ALICE, running());
        }
        let new = begun(ALICE, "monthly", 2, at("2026-08-15T12:00:00.123456Z"));
        let changes = begin(&new, GrantSource::Purchase, holding);
        created(ALICE, Entity::Subscription(new), changes)
    }

    #[test]
    fn only_a_running_subscription_of_the_user_stands_in_the_way() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), subscribe(ALICE, "monthly", Some(2)));
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    #[test]
    fn a_subscription_stands_in_the_way_until_the_instant_it_ends() {
        let (rows, end) = (holding(Holding::Running, []), held(Holding::Running).end_date);
        let command = || subscribe(ALICE, "monthly", None);
        let before = decided_at(&rows, command(), end - TimeDelta::microseconds(1));
        assert_eq!(before, refused(ALICE, running()));

        let after = decided_at(&rows, command(), end);
        assert_eq!(subscription_of(&after).start_date, end);
        assert!(matches!(after.changes.first(), Some(Change::Subscription(old)) if old.id == HELD));
    }

    #[test]
    fn no_user_of_another_client_can_be_subscribed() {
        for stranger in [NOBODY, EVE, UserId::new(0), UserId::new(-1), UserId::new(i64::MAX)] {
            let found = decided(&working_set([]), subscribe(stranger, "monthly", None));
            assert_eq!(found, refused(None, Refusal::UserNotFound));
        }
    }

    #[test]
    fn a_plan_that_is_not_on_sale_is_refused_by_name() {
        for code in ["gold", "month", "monthly-", "annual"] {
            let found = decided(&working_set([]), subscribe(ALICE, code, None));
            assert_eq!(found, refused(ALICE, unknown(code)));
        }
    }

    #[test]
    fn the_user_is_looked_for_before_the_plan_and_the_plan_before_what_runs() {
        let gold = unknown("gold");
        for (user, code, months, expected) in [
            (NOBODY, "gold", 7, refused(None, Refusal::UserNotFound)),
            (ALICE, "gold", 7, refused(ALICE, gold)),
            (ALICE, "yearly", 7, refused(ALICE, uneven())),
            (ALICE, "yearly", 12, refused(ALICE, running())),
        ] {
            let rows = holding(Holding::Running, []);
            assert_eq!(decided(&rows, subscribe(user, code, Some(months))), expected);
        }
    }

    #[test]
    fn a_priced_plan_is_refused_last_and_a_retired_one_as_soon_as_it_is_found() {
        let retired = Change::Plan(gold().retired(now()));
        let retired = holding(Holding::Running, [retired]);
        let found = decided(&retired, subscribe(ALICE, "gold", Some(7)));
        assert_eq!(found, refused(ALICE, Refusal::PlanRetired { plan: "gold".to_owned() }));

        let disabled = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        let uneven = Refusal::DurationNotMultiple { plan: "gold".to_owned(), interval_months: 12 };
        let late = at("9999-06-01T00:00:00Z");
        for (state, months, now, refusal) in [
            (Holding::Running, Some(7), now(), uneven),
            (Holding::Running, None, now(), running()),
            (Holding::Nothing, None, late, Refusal::TermTooLong),
            (Holding::Nothing, None, now(), disabled),
        ] {
            let rows = holding(state, [Change::Plan(gold())]);
            let found = decided_at(&rows, subscribe(ALICE, "gold", months), now);
            assert_eq!(found, refused(ALICE, refusal));
        }
    }

    #[test]
    fn the_newest_version_is_sold_and_remembered() {
        let price = Money { amount: 0, ..gold().terms.price };
        let terms = Terms { price, interval: Interval::Month, ..gold().terms };
        let rows = working_set([Change::Plan(Plan { terms, ..gold() })]);
        let found = decided(&rows, subscribe(ALICE, "gold", None));
        let Subscription { plan, plan_version, months, .. } = subscription_of(&found);
        assert_eq!((plan.as_str(), *plan_version, *months), ("gold", 3, 1));
    }

    #[test]
    fn a_refusal_names_the_oldest_plans_on_sale_of_the_client_and_how_many_are_left_out() {
        let others = (10..30).map(|id| {
            let code = plan(&format!("plan-{id}"));
            Change::Plan(Plan { id: PlanId::new(id), code, ..gold() })
        });
        let retired = Change::Plan(plan_of("yearly").retired(now()));
        let foreign = Change::Plan(Plan { client: RIVAL, ..gold() });
        let rows = working_set(others.chain([retired, foreign]));
        let found = decided(&rows, subscribe(ALICE, "silver", None)).outcome;
        let Some(Refusal::UnknownPlan { on_sale, more, .. }) = found.refusal() else {
            panic!("{found:?}")
        };
        assert_eq!((on_sale.len(), *more), (10, true));
        assert_eq!(on_sale[..3], ["monthly", "plan-10", "plan-11"]);
    }

    #[test]
    fn the_end_keeps_the_microseconds_of_the_start() {
        let new = begun(ALICE, "yearly", 12, at("2027-06-15T12:00:00.123456Z"));
        let found = decided(&working_set([]), subscribe(ALICE, "yearly", Some(12)));
        assert_eq!(*subscription_of(&found), new);
    }

    #[test]
    fn a_monthly_plan_is_sold_for_any_months_and_a_yearly_one_by_whole_years() {
        let found = |code, months| decided(&working_set([]), subscribe(ALICE, code, months));
        assert_eq!(subscription_of(&found("monthly", None)).months, 1);
        assert_eq!(subscription_of(&found("yearly", None)).months, 12);
        for months in 1..=120 {
            assert_eq!(subscription_of(&found("monthly", Some(months))).months, months);
            let yearly = found("yearly", Some(months));
            if [12, 24, 36, 48, 60, 72, 84, 96, 108, 120].contains(&months) {
                assert_eq!(subscription_of(&yearly).months, months);
            } else {
                assert_eq!(yearly, refused(ALICE, uneven()), "{months}");
            }
        }
    }
}
