//! What several commands do alike: they look a subscription up, start one, or give it more months.

use crate::decide::Decider;
use crate::{
    Change, Grant, GrantSource, Refusal, Subscription, SubscriptionId, SubscriptionStatus, User,
    UserId,
};

impl Decider<'_> {
    /// The user of that id, if the client has one.
    pub(crate) fn known_user(&self, id: UserId) -> Option<UserId> {
        Some(self.working_set.user(self.context.client, id)?.id)
    }

    /// The user of the subscription of that id, if the client has one.
    pub(crate) fn owner(&self, id: SubscriptionId) -> Option<UserId> {
        Some(self.working_set.subscription(self.context.client, id)?.user)
    }

    /// The subscription of that id; a refusal unless it runs.
    pub(crate) fn active(&self, id: SubscriptionId) -> Result<&Subscription, Refusal> {
        let found = self.working_set.subscription(self.context.client, id);
        let subscription = found.ok_or(Refusal::SubscriptionNotFound)?;
        match subscription.effective_status(self.context.now) {
            SubscriptionStatus::Active => Ok(subscription),
            current => Err(Refusal::SubscriptionNotActive { current }),
        }
    }

    /// The changes that start a new subscription now. A subscription that has ended but is not
    /// marked as expired is marked first, because the schema allows each user one active
    /// subscription.
    pub(crate) fn start(
        &self,
        id: SubscriptionId,
        user: &User,
        plan: (&str, u32),
        months: u32,
        source: GrantSource,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let now = self.context.now;
        let begun = Subscription::start(id, (user.id, user.client), plan, months, now)?;
        let ended = self.working_set.ended_unmarked(user.id, now).map(|s| s.expired(now));
        let mut changes: Vec<_> = ended.into_iter().map(Change::Subscription).collect();
        changes.push(Change::Subscription(begun.clone()));
        changes.push(Change::Grant(self.grant(id, source, months)));
        Ok((changes, begun))
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

    const fn grant(&self, subscription: SubscriptionId, source: GrantSource, months: u32) -> Grant {
        let (job, granted_at) = (self.context.job, self.context.now);
        let client = self.context.client;
        Grant { client, subscription, source, months, job, granted_at }
    }
}
