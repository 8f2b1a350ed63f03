//! `subscribe`: starts a subscription.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    ClientId, Entity, GrantSource, Needs, NewIds, Plan, PlanCode, Refusal, Success, UserId,
};
use serde::{Deserialize, Serialize};

/// Starts a subscription. A user has at most one that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The user who gets the subscription.
    pub user_id: UserId,
    /// The plan of the subscription.
    pub plan: PlanCode,
    /// The term in months; one interval of the plan when absent.
    pub duration_months: Option<u32>,
}

impl Rules for Subscribe {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.users.insert((client, self.user_id));
        needs.new_ids.subscriptions += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.known_user(self.user_id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let user = working_set.user(context.client, self.user_id).ok_or(Refusal::UserNotFound)?;
        let plan = Plan::find(self.plan.as_str())
            .ok_or_else(|| Refusal::UnknownPlan { plan: self.plan.as_str().to_owned() })?;
        let months = plan.term(self.duration_months)?;
        if let Some(running) = working_set.running(user.id, context.now) {
            let (subscription, end_date) = (running.id, running.end_date);
            return Err(Refusal::AlreadySubscribed { subscription, end_date });
        }
        let id = new_ids.subscription();
        let (changes, begun) = decider.start(id, user, plan, months, GrantSource::Purchase)?;
        Ok((changes, Success::Created(Entity::Subscription(begun))))
    }
}
