//! `subscribe`: starts a subscription.

use crate::decide::{Decider, Ruling};
use crate::{
    Change, Grant, GrantSource, Plan, PlanCode, Refusal, Subscription, SubscriptionId, Success,
    User, UserId,
};

impl Decider<'_> {
    /// Decides a `subscribe`. A user has at most one subscription that runs.
    pub(crate) fn subscribe(
        &self,
        id: SubscriptionId,
        user: UserId,
        plan: &PlanCode,
        requested_months: Option<u32>,
    ) -> Ruling {
        let Self { context, working_set } = *self;
        let user = working_set.user(context.client, user).ok_or(Refusal::UserNotFound)?;
        let plan = Plan::find(plan.as_str())
            .ok_or_else(|| Refusal::UnknownPlan { plan: plan.as_str().to_owned() })?;
        let months = plan.term(requested_months)?;
        if let Some(running) = working_set.running(user.id, context.now) {
            let (subscription, end_date) = (running.id, running.end_date);
            return Err(Refusal::AlreadySubscribed { subscription, end_date });
        }
        let (changes, subscription) =
            self.start_subscription(id, user, plan, months, GrantSource::Purchase)?;
        Ok((changes, Success::Subscribed(subscription)))
    }

    /// The changes that start a new subscription now. A subscription that has ended but is not
    /// marked as expired is marked first, because the schema allows each user one active
    /// subscription.
    pub(crate) fn start_subscription(
        &self,
        id: SubscriptionId,
        user: &User,
        plan: Plan,
        months: u32,
        source: GrantSource,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let now = self.context.now;
        let subscription =
            Subscription::start(id, (user.id, user.client), plan.code(), months, now)?;
        let ended = self.working_set.ended_unmarked(user.id, now).map(|s| s.expired(now));
        let mut changes: Vec<_> = ended.into_iter().map(Change::Subscription).collect();
        changes.push(Change::Subscription(subscription.clone()));
        changes.push(Change::Grant(self.grant(id, source, months)));
        Ok((changes, subscription))
    }

    pub(crate) const fn grant(
        &self,
        subscription: SubscriptionId,
        source: GrantSource,
        months: u32,
    ) -> Grant {
        let (job, granted_at) = (self.context.job, self.context.now);
        Grant { subscription, source, months, job, granted_at }
    }
}
