//! What goes when money was paid back.

use crate::decide::Decider;
use crate::subscription::recognise_at;
use crate::{
    CancelledNow, Change, Effect, Gift, GiftId, GiftState, Grant, Payment, Refund, Subscription,
    SubscriptionStatus,
};
use std::collections::BTreeSet;

impl Decider<'_> {
    /// The rows and effects of a refund that has succeeded, beside those of itself and its payment.
    pub(super) fn refunded(
        &self,
        payment: &Payment,
        refund: &Refund,
    ) -> (Vec<Change>, Vec<Effect>) {
        if self.came_late(payment) {
            let back = self.late_money_back(refund.amount, refund.currency);
            return (back.into_iter().collect(), Vec::new());
        }
        match payment.purpose.gift() {
            Some(gift) => self.refunded_gift(gift, payment),
            None => self.refunded_time(payment, refund),
        }
    }

    fn refunded_gift(&self, gift: GiftId, payment: &Payment) -> (Vec<Change>, Vec<Effect>) {
        let Some(gift) = self.working_set.gift(payment.client, gift) else {
            return (Vec::new(), Vec::new());
        };
        match gift.state {
            GiftState::Pending | GiftState::Incomplete => {
                let cancelled = Gift { state: GiftState::Cancelled, ..gift.clone() };
                let changes = [Change::Gift(cancelled)].into_iter();
                (changes.chain(self.gift_is_paid_back(gift)).collect(), Vec::new())
            }
            GiftState::Redeemed { .. } => self.take_back(gift, payment),
            // What was paid for it is earned already.
            GiftState::Expired | GiftState::Cancelled => {
                let lost = self.paid_back(payment.cash, 0, payment.currency);
                (lost.collect(), Vec::new())
            }
        }
    }

    /// What was paid back is not earned any more; where more is paid back than that, it is a loss.
    fn refunded_time(&self, payment: &Payment, refund: &Refund) -> (Vec<Change>, Vec<Effect>) {
        let paid = self.paid_grants(payment).into_iter();
        let mut living: Vec<Grant> = paid.filter(|grant| grant.is_unearned()).cloned().collect();
        let deferred = living.iter().map(|grant| grant.value).sum();
        let mut changes: Vec<Change> =
            self.paid_back(refund.amount, deferred, refund.currency).collect();
        let mut rest = refund.amount;
        for grant in &mut living {
            let part = rest.min(grant.value);
            (rest, grant.value) = (rest - part, grant.value - part);
        }
        changes.extend(self.with_next_recognition(&living));
        changes.extend(living.into_iter().map(Change::Grant));
        if !refund.cancels {
            return (changes, Vec::new());
        }
        // The end is to see what is left to be earned.
        let mut after = self.working_set.clone();
        for change in &changes {
            after.apply(change.clone());
        }
        let decider = Decider { working_set: &after, context: self.context };
        let found = payment.purpose.subscription().and_then(|id| decider.subscription(id).ok());
        let found = found.filter(|found| {
            let status = found.state.status();
            status.is_live() || status == SubscriptionStatus::Scheduled
        });
        let Some(found) = found else { return (changes, Vec::new()) };
        let CancelledNow { changes: ended, effects, .. } = decider.cancel_now(&found);
        changes.extend(ended);
        (changes, effects)
    }

    /// The rows of the subscriptions of changed grants: what is earned next may be another.
    pub(super) fn with_next_recognition(&self, changed: &[Grant]) -> Vec<Change> {
        let ids: BTreeSet<_> = changed.iter().map(|grant| grant.subscription).collect();
        let client = self.context.client;
        let rows = ids.into_iter().filter_map(|id| self.working_set.subscription(client, id));
        let rows = rows.map(|row| {
            let grants = self.working_set.grants_of(row.id);
            let now = grants.map(|grant| {
                changed.iter().find(|changed| changed.id == grant.id).unwrap_or(grant)
            });
            let next = recognise_at(now);
            Change::Subscription(Subscription { recognise_at: next, ..row.clone() })
        });
        rows.collect()
    }
}
