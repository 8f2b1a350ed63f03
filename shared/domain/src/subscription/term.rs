//! What several commands do alike: they look a subscription up, start one, or give it more months.

use super::grants::recognise_at;
use crate::decide::Decider;
use crate::{
    Change, Entity, Grant, Instant, InternalCommand, Line, NewGrant, PLANS_SHOWN_MAX, Plan,
    PlanCode, Refusal, Slice, Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus,
    Success, UserId,
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
        let row = self.working_set.line(stored.user).row_at(stored, self.context.now);
        Ok(self.with_moved_grants(row).0)
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

    /// The changes that start `begun`, and what it is then.
    pub(crate) fn start(
        &self,
        begun: Subscription,
        grant: NewGrant,
    ) -> (Vec<Change>, Subscription) {
        let slice = Slice { start: begun.start_date, end: begun.end_date };
        let granted = self.grant(begun.id, grant, begun.months, Some(slice));
        let begun = begun.with_grant(&granted);
        let mut changes = self.with_marks(&begun);
        changes.push(Change::Grant(granted));
        (changes, begun)
    }

    /// The changes that give `running` more months.
    pub(crate) fn extend(
        &self,
        running: &Subscription,
        months: u32,
        grant: NewGrant,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let granted = self.grant(running.id, grant, months, Some(running.next_slice(months)?));
        let (running, _) = self.with_moved_grants(running.clone());
        let extended = running.extended(months, self.context.now)?.with_grant(&granted);
        self.fits(&extended)?;
        let mut changes = self.with_marks(&extended);
        changes.push(Change::Grant(granted));
        Ok((changes, extended))
    }

    /// The ruling that the running subscription was changed, and nothing else.
    pub(super) fn changed(&self, running: Subscription) -> (Vec<Change>, Success) {
        let changes = self.with_marks(&running);
        (changes, Success::Changed(Entity::Subscription(running)))
    }

    /// The change of the subscription that runs now. Those before it that have ended but are not
    /// marked are marked first, because the schema allows each user one live subscription. So are
    /// the grants of those that have begun or gone on unmarked.
    pub(crate) fn with_marks(&self, running: &Subscription) -> Vec<Change> {
        let ended = self.working_set.ended_unmarked(running.user, self.context.now);
        let ended = ended.into_iter().map(|row| self.with_moved_grants(row));
        let (_, moved) = self.with_moved_grants(running.clone());
        let rows = ended.chain([(running.clone(), moved)]);
        rows.flat_map(|(row, grants)| changes_of(row, grants)).collect()
    }

    /// The subscriptions of the user that wait, the first first.
    pub(crate) fn waiting(&self, user: UserId) -> impl Iterator<Item = Subscription> {
        let rows = self.working_set.line(user).at(self.context.now);
        rows.into_iter().filter(|row| row.state.status() == SubscriptionStatus::Scheduled)
    }

    /// The changes at the end of a stored subscription that is due, and how it ended, if another
    /// waits behind it: that one begins where this one ends, however late that is seen. None if
    /// this one has not ended.
    pub(crate) fn hand_over(&self, stored: &Subscription) -> Option<(Vec<Change>, Subscription)> {
        let updated_at = self.context.now;
        let next = self.working_set.line(stored.user).next_after(stored.id)?;
        let handed_over = stored.hand_over_to(&next);
        let (_, ended, begun) = handed_over.filter(|(at, ..)| *at <= updated_at)?;
        let [ended, begun] = [ended, begun].map(|row| Subscription { updated_at, ..row });
        let mut changes = vec![Change::Subscription(ended.clone())];
        changes.extend(self.with_slices(begun).1);
        Some((changes, ended))
    }

    /// The grants of `row` whose time is another one than is stored, and `row` with the instant at
    /// which the next of them ends: `row` has begun and is stored as one that waits, or has gone on
    /// by itself and is stored as one that stands still.
    fn with_moved_grants(&self, row: Subscription) -> (Subscription, Vec<Grant>) {
        let stored = self.working_set.subscription(row.client, row.id);
        let Some(stored) = stored else { return (row, Vec::new()) };
        let (now, scheduled) = (self.context.now, SubscriptionStatus::Scheduled);
        let has_begun = row.state.status() != scheduled && row.start_date < row.end_date;
        if stored.state.status() == scheduled && has_begun {
            let grants = self.grants_of(&row);
            return (Subscription { recognise_at: recognise_at(&grants), ..row }, grants);
        }
        // Going on moves `recognise_at` with them.
        let grants = match stored.resumes_at().filter(|at| *at <= now) {
            Some(at) => self.grants_after_pause(stored, at),
            None => Vec::new(),
        };
        (row, grants)
    }

    /// The grants of `row` that are not closed, as they are now.
    pub(crate) fn open_grants(&self, row: &Subscription) -> Vec<Grant> {
        let (_, moved) = self.with_moved_grants(row.clone());
        let stored = self.working_set.grants_of(row.id).filter(|grant| grant.closed_at.is_none());
        let as_moved = |grant: &Grant| moved.iter().find(|other| other.id == grant.id).cloned();
        stored.map(|grant| as_moved(grant).unwrap_or_else(|| grant.clone())).collect()
    }

    /// The grants of a subscription that stands still, as they are when it goes on at `at`: what
    /// they cover moves by the pause, but for what had ended before it.
    pub(crate) fn grants_after_pause(&self, paused: &Subscription, at: Instant) -> Vec<Grant> {
        let SubscriptionState::Paused { at: paused_at, .. } = paused.state else {
            return Vec::new();
        };
        let open = self.working_set.grants_of(paused.id).filter(|grant| grant.closed_at.is_none());
        open.filter_map(|grant| {
            let slice = grant.slice.filter(|slice| paused_at < slice.end)?;
            Some(Grant { slice: Some(slice.moved(at - paused_at)), ..grant.clone() })
        })
        .collect()
    }

    /// A refusal if those that wait behind `running` would end after the year 9999.
    pub(crate) fn fits(&self, running: &Subscription) -> Result<(), Refusal> {
        let rows = [running.clone()].into_iter().chain(self.waiting(running.user));
        Line::of(rows).end().map(drop).ok_or(Refusal::TermTooLong)
    }

    pub(crate) fn grant(
        &self,
        subscription: SubscriptionId,
        NewGrant { id, source, worth }: NewGrant,
        months: u32,
        slice: Option<Slice>,
    ) -> Grant {
        Grant {
            id,
            client: self.context.client,
            subscription,
            source,
            months,
            job: self.context.job,
            granted_at: self.context.now,
            slice,
            length: None,
            value: worth.map_or(0, |worth| worth.value),
            currency: worth.map(|worth| worth.currency),
            payment: worth.map(|worth| worth.payment),
            to_credit: 0,
            from_grant: None,
            closed_at: None,
        }
    }
}

/// The changes of a subscription and of grants of it.
fn changes_of(row: Subscription, grants: Vec<Grant>) -> impl Iterator<Item = Change> {
    [Change::Subscription(row)].into_iter().chain(grants.into_iter().map(Change::Grant))
}

impl Subscription {
    /// This subscription with that grant: what was paid for it is earned at its end.
    pub(crate) fn with_grant(self, grant: &Grant) -> Self {
        let end = grant.slice.filter(|_| grant.value > 0).map(|slice| slice.end);
        let recognise_at = self.recognise_at.into_iter().chain(end).min();
        Self { recognise_at, ..self }
    }

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

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Cancel, Change, Grant, GrantId, GrantSource, Slice, Subscription, SubscriptionId,
        SubscriptionState, WorkingSet,
    };
    use chrono::TimeDelta;

    const GOLD: SubscriptionId = SubscriptionId::new(11);

    /// Two months of gold that are paid for, and wait.
    fn rows(running: &Subscription) -> WorkingSet {
        let gift = grant(GOLD, GrantSource::Gift(SENT), 2, Slice { start: now(), end: now() });
        let paid =
            Grant { id: GrantId::new(50), slice: None, value: 900, currency: Some(usd()), ..gift };
        let rows = [running.clone(), waiting(GOLD.get(), "gold", 2)].map(Change::Subscription);
        working_set(rows.into_iter().chain([Change::Grant(paid)]))
    }

    #[track_caller]
    fn covers(rows: &WorkingSet, start: &str, end: &str) {
        let slice = rows.grants_of(GOLD).next().unwrap().slice;
        assert_eq!(slice, Some(Slice { start: at(start), end: at(end) }));
        assert_eq!(row(rows, GOLD).recognise_at, Some(at(end)));
    }

    #[test]
    fn when_one_that_waits_begins_its_grants_cover_their_time() {
        let running = held(Holding::Running);
        let before = rows(&running);
        // However late that is seen.
        for late in [TimeDelta::zero(), TimeDelta::days(100)] {
            let now = running.end_date + late;
            let ended = due_at(&before, running.due().unwrap(), now).unwrap();
            covers(&after(&before, &ended), "2026-07-31T08:00:00Z", "2026-09-30T08:00:00Z");
        }
        let cancel = Cancel { subscription_id: HELD, at_period_end: false };
        let cancelled = decided(&before, cancel);
        let (start, end) = ("2026-06-15T12:00:00.123456Z", "2026-08-15T12:00:00.123456Z");
        covers(&after(&before, &cancelled), start, end);
    }

    #[test]
    fn so_they_do_when_a_command_finds_that_it_has_begun() {
        let running = held(Holding::Running);
        let before = rows(&running);
        let command = Cancel { subscription_id: GOLD, at_period_end: true };
        let found = decided_at(&before, command, at("2026-08-01T00:00:00Z"));
        let rows = after(&before, &found);
        covers(&rows, "2026-07-31T08:00:00Z", "2026-09-30T08:00:00Z");
        assert!(matches!(row(&rows, GOLD).state, SubscriptionState::Cancelling { .. }));
        // It has begun and ended, and another is bought.
        let bought = subscribe(ALICE, "monthly", None);
        let found = decided_at(&before, bought, at("2026-10-01T00:00:00Z"));
        let rows = after(&before, &found);
        covers(&rows, "2026-07-31T08:00:00Z", "2026-09-30T08:00:00Z");
        assert_eq!(row(&rows, GOLD).state, SubscriptionState::Expired);
        let due = row(&rows, GOLD).due().unwrap();
        assert_eq!(due.operation(), crate::Operation::RecogniseGrants);
    }

    /// One that is past due goes on until the end of its grace.
    #[test]
    fn nothing_begins_before_the_one_that_runs_has_ended() {
        let running = Subscription {
            state: SubscriptionState::PastDue,
            auto_renew: true,
            attempts: 1,
            retry_at: Some(at("2026-08-01T08:00:00Z")),
            ..held(Holding::Running)
        };
        let before = rows(&running);
        let tried = due_at(&before, running.due().unwrap(), at("2026-08-01T08:00:00Z")).unwrap();
        let rows = after(&before, &tried);
        assert_eq!(row(&rows, HELD).state, SubscriptionState::Active, "it was renewed");
        assert_eq!(row(&rows, GOLD), &waiting(GOLD.get(), "gold", 2));
    }
}
