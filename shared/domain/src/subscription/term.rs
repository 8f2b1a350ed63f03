//! What several commands do alike: they look a subscription up, start one, or give it more months.

use crate::decide::Decider;
use crate::{
    Change, Entity, Grant, GrantSource, InternalCommand, PLANS_SHOWN_MAX, Plan, PlanCode, Refusal,
    Subscription, SubscriptionId, SubscriptionStatus, Success, UserId,
};

impl Decider<'_> {
    /// The user of the subscription of that id, if the client has one.
    pub(crate) fn owner(&self, id: SubscriptionId) -> Option<UserId> {
        Some(self.working_set.subscription(self.context.client, id)?.user)
    }

    /// The subscription of that id as it is now.
    pub(crate) fn subscription(&self, id: SubscriptionId) -> Result<Subscription, Refusal> {
        let found = self.working_set.subscription(self.context.client, id);
        Ok(found.ok_or(Refusal::SubscriptionNotFound)?.as_of(self.context.now))
    }

    /// The subscription of that id; a refusal unless its status is one of those.
    pub(crate) fn subscription_that(
        &self,
        id: SubscriptionId,
        may: impl Fn(SubscriptionStatus) -> bool,
    ) -> Result<Subscription, Refusal> {
        self.subscription(id)?.if_status(may)
    }

    /// The subscription of that id as it is stored, if exactly that command is due for it now.
    pub(crate) fn due(
        &self,
        id: SubscriptionId,
        command: impl Into<InternalCommand>,
    ) -> Option<&Subscription> {
        let subscription = self.working_set.subscription(self.context.client, id)?;
        let is_due = subscription.due_at()? <= self.context.now;
        (is_due && subscription.due()? == command.into()).then_some(subscription)
    }

    /// The plan of that code; a refusal unless it is on sale.
    pub(crate) fn plan_on_sale(&self, code: &PlanCode) -> Result<&Plan, Refusal> {
        let plan = || code.as_str().to_owned();
        match self.working_set.plan(self.context.client, code) {
            Some(found) if found.retired_at.is_none() => Ok(found),
            Some(_) => Err(Refusal::PlanRetired { plan: plan() }),
            None => {
                let on_sale = self.working_set.plans_on_sale(self.context.client);
                let more = on_sale.len() > PLANS_SHOWN_MAX;
                let shown = on_sale.into_iter().take(PLANS_SHOWN_MAX);
                let on_sale = shown.map(|plan| plan.code.as_str().to_owned()).collect();
                Err(Refusal::UnknownPlan { plan: plan(), on_sale, more })
            }
        }
    }

    /// A refusal if the user has a live subscription.
    pub(crate) fn not_subscribed(&self, user: UserId) -> Result<(), Refusal> {
        match self.working_set.live(user, self.context.now) {
            Some(Subscription { id: subscription, end_date, .. }) => {
                Err(Refusal::AlreadySubscribed { subscription, end_date })
            }
            None => Ok(()),
        }
    }

    /// The changes that start `begun`. A subscription that has ended but is not marked is marked
    /// first, because the schema allows each user one live subscription.
    pub(crate) fn start(&self, begun: &Subscription, source: GrantSource) -> Vec<Change> {
        let ended = self.working_set.ended_unmarked(begun.user, self.context.now);
        let mut changes: Vec<_> = ended.into_iter().map(Change::Subscription).collect();
        changes.push(Change::Subscription(begun.clone()));
        changes.push(Change::Grant(self.grant(begun.id, source, begun.months)));
        changes
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

    fn grant(&self, subscription: SubscriptionId, source: GrantSource, months: u32) -> Grant {
        let (job, granted_at) = (self.context.job, self.context.now);
        let client = self.context.client;
        Grant { client, subscription, source, months, job, granted_at }
    }
}

impl Subscription {
    /// This subscription, as it is now; a refusal unless its status is one of those.
    pub(crate) fn if_status(
        self,
        may: impl Fn(SubscriptionStatus) -> bool,
    ) -> Result<Self, Refusal> {
        match self.state.status() {
            status if may(status) => Ok(self),
            current => Err(Refusal::SubscriptionNotActive { current }),
        }
    }
}

/// The ruling that a subscription was changed, and nothing else.
pub(super) fn changed(subscription: Subscription) -> (Vec<Change>, Success) {
    let changes = vec![Change::Subscription(subscription.clone())];
    (changes, Success::Changed(Entity::Subscription(subscription)))
}
