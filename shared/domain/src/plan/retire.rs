//! `retire_plan`: takes a plan off sale.

use crate::decide::{Decider, Rules, Ruling};
use crate::{Change, ClientId, Entity, Needs, NewIds, PlanCode, Refusal, Success, UserId};
use serde::{Deserialize, Serialize};

/// Takes a plan off sale. Subscriptions that have it keep it, and go on renewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetirePlan {
    /// The code of the plan.
    pub code: PlanCode,
}

impl Rules for RetirePlan {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.plans_to_lock.insert((client, self.code.clone()));
    }

    fn subject(&self, _: &Decider<'_>) -> Option<UserId> {
        None
    }

    /// A plan that is not on sale is answered as it is: it is what the client wants.
    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let plan = working_set.plan(context.client, &self.code).ok_or(Refusal::PlanNotFound)?;
        let retired = plan.retired(context.now);
        let changes = (retired != *plan).then(|| Change::Plan(retired.clone()));
        Ok((changes.into_iter().collect(), Success::Changed(Entity::Plan(retired))))
    }
}

#[cfg(test)]
mod tests {
    use super::RetirePlan;
    use crate::samples::*;
    use crate::{Change, Decision, Entity, Plan, Refusal, Success, samples};
    use chrono::TimeDelta;

    fn retire(code: &str) -> RetirePlan {
        RetirePlan { code: plan(code) }
    }

    fn done(plan: Plan, changes: Vec<Change>) -> Decision {
        samples::done(None, Ok(Success::Changed(Entity::Plan(plan))), changes)
    }

    #[test]
    fn a_plan_on_sale_is_retired_now() {
        let retired = Plan { retired_at: Some(now()), ..plan_of("monthly") };
        let expected = done(retired.clone(), vec![Change::Plan(retired)]);
        assert_eq!(decided(&working_set([]), retire("monthly")), expected);
    }

    #[test]
    fn one_that_is_retired_stays_as_it_is() {
        let long_ago = now() - TimeDelta::days(40);
        let old = Plan { retired_at: Some(long_ago), ..plan_of("monthly") };
        let rows = working_set([Change::Plan(old.clone())]);
        assert_eq!(decided(&rows, retire("monthly")), done(old, vec![]));
    }

    #[test]
    fn a_plan_of_another_client_is_none() {
        let rows = working_set([Change::Plan(Plan { client: RIVAL, ..plan_of("gold") })]);
        for code in ["gold", "Monthly", "monthly "] {
            assert_eq!(decided(&rows, retire(code)), refused(None, Refusal::PlanNotFound));
        }
    }
}
