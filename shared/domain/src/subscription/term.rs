//! What several commands do alike: they look a subscription up, start one, or give it more months.

use crate::decide::Decider;
use crate::{
    Change, Entity, Grant, GrantSource, InternalCommand, Line, PLANS_SHOWN_MAX, Plan, PlanCode,
    Refusal, Subscription, SubscriptionId, SubscriptionStatus, Success, UserId,
};

impl Decider<'_> {
    /// The user of the subscription of that id, if the client has one.
    pub(crate) fn owner(&self, id: SubscriptionId) -> Option<UserId> {
        Some(self.working_set.subscription(self.context.client, id)?.user)
    }

    /// The subscription of that id as it is now.
    pub(crate) fn subscription(&self, id: SubscriptionId) -> Result<Subscription, Refusal> {
        let found = self.working_set.subscription(self.context.client, id);
        let stored = found.ok_or(Refusal::SubscriptionNotFound)?;
        Ok(self.working_set.line(stored.user).row_at(stored, self.context.now))
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

    /// The changes that start `begun`.
    pub(crate) fn start(&self, begun: &Subscription, source: GrantSource) -> Vec<Change> {
        let mut changes = self.with_marks(begun);
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
        self.fits(&extended)?;
        let mut changes = self.with_marks(&extended);
        changes.push(Change::Grant(self.grant(running.id, source, months)));
        Ok((changes, extended))
    }

    /// The ruling that the running subscription was changed, and nothing else.
    pub(super) fn changed(&self, running: Subscription) -> (Vec<Change>, Success) {
        let changes = self.with_marks(&running);
        (changes, Success::Changed(Entity::Subscription(running)))
    }

    /// The change of the subscription that runs now. Those before it that have ended but are not
    /// marked are marked first, because the schema allows each user one live subscription.
    pub(crate) fn with_marks(&self, running: &Subscription) -> Vec<Change> {
        let ended = self.working_set.ended_unmarked(running.user, self.context.now);
        ended.into_iter().chain([running.clone()]).map(Change::Subscription).collect()
    }

    /// The subscriptions of the user that wait, the first first.
    pub(crate) fn waiting(&self, user: UserId) -> impl Iterator<Item = Subscription> {
        let rows = self.working_set.line(user).at(self.context.now);
        rows.into_iter().filter(|row| row.state.status() == SubscriptionStatus::Scheduled)
    }

    /// The changes at the end of a stored subscription that is due, and how it ended, if another
    /// waits behind it: that one begins where this one ends, however late that is seen.
    pub(crate) fn hand_over(&self, stored: &Subscription) -> Option<(Vec<Change>, Subscription)> {
        let updated_at = self.context.now;
        let next = self.working_set.line(stored.user).next_after(stored.id)?;
        let (_, ended, begun) = stored.hand_over_to(&next)?;
        let [ended, begun] = [ended, begun].map(|row| Subscription { updated_at, ..row });
        let changes = [ended.clone(), begun].map(Change::Subscription);
        Some((changes.into(), ended))
    }

    /// A refusal if those that wait behind `running` would end after the year 9999.
    pub(crate) fn fits(&self, running: &Subscription) -> Result<(), Refusal> {
        let rows = [running.clone()].into_iter().chain(self.waiting(running.user));
        Line::of(rows).end().map(drop).ok_or(Refusal::TermTooLong)
    }

    pub(crate) fn grant(
        &self,
        subscription: SubscriptionId,
        source: GrantSource,
        months: u32,
    ) -> Grant {
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
