//! A redeemed gift is paid back: the time that it has not served goes.

use crate::decide::Decider;
use crate::subscription::{recognise_at, unused};
use crate::{
    Change, Effect, Gift, Grant, Instant, Payment, Slice, Subscription, SubscriptionStatus,
    calendar,
};

/// What is left without a grant.
pub(crate) struct Without {
    /// What was paid for the grant and is not earned yet.
    pub(crate) deferred: u64,
    /// The part of that for the time which goes.
    pub(crate) unserved: u64,
    /// The rows of the subscription and its grants.
    pub(crate) changes: Vec<Change>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
}

impl Decider<'_> {
    /// The rows and effects once a gift that was redeemed is paid back.
    pub(crate) fn take_back(&self, gift: &Gift, payment: &Payment) -> (Vec<Change>, Vec<Effect>) {
        let Some(without) = self.grant_of_gift(gift).and_then(|grant| self.without(grant)) else {
            let lost = self.paid_back(payment.cash, 0, payment.currency);
            return (lost.collect(), Vec::new());
        };
        let Without { deferred, unserved, changes, effects } = without;
        let back = self.paid_back(payment.cash, unserved, payment.currency);
        let served = self.earned(deferred.saturating_sub(unserved), payment.currency);
        (back.chain(served).chain(changes).collect(), effects)
    }

    /// The grant that a gift has become. None after a change of plan: there is other time in its
    /// place then, and that stays.
    pub(crate) fn grant_of_gift(&self, gift: &Gift) -> Option<&Grant> {
        let mut grants = self.working_set.grants();
        let granted = grants.find(|grant| grant.source.gift() == Some(gift.id))?;
        let mut grants = self.working_set.grants();
        let is_changed = grants.any(|grant| grant.from_grant == Some(granted.id));
        (!is_changed).then_some(granted)
    }

    /// What is left without a grant: its time that is not served goes. `None` if its subscription
    /// is not here.
    pub(crate) fn without(&self, granted: &Grant) -> Option<Without> {
        let found = self.subscription(granted.subscription).ok()?;
        let grants = self.open_grants(&found);
        let granted = grants.iter().find(|grant| grant.id == granted.id).unwrap_or(granted).clone();
        let deferred = if granted.closed_at.is_none() { granted.value } else { 0 };
        let from = found.ran_until(self.context.now);
        let unserved = match (found.state.status(), granted.slice) {
            (SubscriptionStatus::Scheduled, _) => deferred,
            (status, Some(slice)) if status.is_live() => unused(deferred, slice, from),
            _ => 0,
        };
        let (changes, effects) = if granted.closed_at.is_some() {
            (Vec::new(), Vec::new())
        } else {
            self.shortened(found, &grants, &granted, from)
        };
        Some(Without { deferred, unserved, changes, effects })
    }

    /// The rows of a subscription from which a grant is taken: later ones move up.
    fn shortened(
        &self,
        found: Subscription,
        grants: &[Grant],
        taken: &Grant,
        from: Instant,
    ) -> (Vec<Change>, Vec<Effect>) {
        let now = self.context.now;
        let closed = Grant { closed_at: Some(now), ..taken.clone() };
        let status = found.state.status();
        let slice = taken.slice.filter(|slice| status.is_live() && from < slice.end);
        if status == SubscriptionStatus::Scheduled {
            let ended = found.expired(now);
            return (vec![Change::Grant(closed), Change::Subscription(ended)], Vec::new());
        }
        let others = || grants.iter().filter(|grant| grant.id != taken.id);
        let Some(slice) = slice else {
            // It is served.
            let stored = self.working_set.subscription(found.client, found.id).cloned();
            let row =
                Subscription { recognise_at: recognise_at(others()), ..stored.unwrap_or(found) };
            return (vec![Change::Grant(closed), Change::Subscription(row)], Vec::new());
        };
        let anchor = from.max(slice.start);
        let closed = Grant { slice: Some(Slice { start: slice.start, end: anchor }), ..closed };
        let is_later = |grant: &Grant| grant.slice.is_some_and(|later| slice.end <= later.start);
        let (mut later, earlier): (Vec<Grant>, Vec<Grant>) =
            others().filter(|grant| grant.closed_at.is_none()).cloned().partition(is_later);
        later.sort_by_key(|grant| (grant.slice.map(|slice| slice.start), grant.id));
        let (mut months, mut end_date) = (0, anchor);
        for grant in &mut later {
            let start = end_date;
            months += grant.months;
            // It ends earlier than before, so that its end can be written. It has not begun, so it
            // is whole, and as long as its months are there.
            end_date = calendar::add_months(anchor, months).unwrap_or(start);
            grant.slice = Some(Slice { start, end: end_date });
            grant.length = None;
        }
        let next = recognise_at(later.iter().chain(&earlier));
        let had = found.anchor_months;
        let short = Subscription {
            anchor,
            anchor_months: months,
            end_date,
            recognise_at: next,
            updated_at: now,
            ..found
        };
        let moved = [closed].into_iter().chain(later).map(Change::Grant);
        if from < end_date {
            return (self.with_marks(&short).into_iter().chain(moved).collect(), Vec::new());
        }
        let payment = self.close_payment_of(&short);
        let ended = short.expired(now).without_payment();
        // One that ends as it begins shows by its months that it has begun.
        let anchor_months = if ended.has_begun() { ended.anchor_months } else { had };
        let ended = Subscription { anchor_months, ..ended };
        let mut changes = payment.changes;
        changes.extend(self.with_marks(&ended));
        changes.extend(self.successor(&ended));
        changes.extend(moved);
        (changes, payment.effect.into_iter().collect())
    }
}
