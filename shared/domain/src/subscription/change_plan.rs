//! `change_plan`: changes the plan of a subscription.

mod possible;
#[cfg(test)]
mod tests;

use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    ClientId, Needs, NewIds, Plan, PlanCode, Refusal, Subscription, SubscriptionId,
    SubscriptionStatus, UserId,
};
use possible::PossibleChange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Changes the plan of a subscription, at once or at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePlan {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The plan that it is to have.
    pub plan: PlanCode,
    /// When it changes; `auto` when absent.
    #[serde(default)]
    #[schema(inline)]
    pub when: ChangeTime,
}

/// When a plan is changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTime {
    /// At once.
    Now,
    /// At the end of what is paid.
    PeriodEnd,
    /// At once if the new plan is dearer per month, else at the end.
    #[default]
    Auto,
}

impl OpenRules for ChangePlan {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.terms_of.insert((client, self.subscription_id));
        needs.grants_of.insert((client, self.subscription_id));
        needs.plans.insert((client, self.plan.clone()));
        needs.money = true;
        needs.new_ids.payments += 1;
        needs.new_ids.grants += 1;
        needs.new_ids.grants_of.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let found = decider.subscription(self.subscription_id)?;
        let plan = self.plan_of(decider, &found)?;
        let is_own = found.has(plan);
        let running = found.if_status(|status| {
            matches!(status, SubscriptionStatus::Active | SubscriptionStatus::Trialing)
        })?;
        if is_own && running.next_plan.is_none() {
            return Err(Refusal::PlanUnchanged);
        }
        decider.no_payment_in_progress(&running)?;
        if running.end_date <= decider.context.now {
            // Its renewal is about to be tried.
            return Err(Refusal::SubscriptionNotActive { current: SubscriptionStatus::PastDue });
        }
        decider.no_refund_in_progress(&running)?;
        let user = decider.working_set.user(running.client, running.user);
        let possible =
            PossibleChange { decider, plan, running, user: user.ok_or(Refusal::UserNotFound)? };
        if is_own {
            return Ok(possible.keeps_its_plan());
        }
        match self.when {
            _ if possible.running.state.status().is_trialing() => possible.swapped(),
            ChangeTime::Now => possible.at_once(new_ids),
            ChangeTime::Auto if possible.is_dearer() => possible.at_once(new_ids),
            ChangeTime::Auto | ChangeTime::PeriodEnd => possible.at_end(),
        }
    }
}

impl ChangePlan {
    /// The plan that it is to have, which is on sale; but who takes a change back is sold nothing.
    fn plan_of<'a>(
        &self,
        decider: &'a Decider<'_>,
        found: &Subscription,
    ) -> Result<&'a Plan, Refusal> {
        let plan = decider.working_set.plan(decider.context.client, &self.plan);
        let kept = plan.filter(|plan| found.next_plan.is_some() && found.has(plan));
        kept.map_or_else(|| decider.plan_on_sale(&self.plan), Ok)
    }
}
