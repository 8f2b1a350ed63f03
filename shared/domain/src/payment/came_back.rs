//! Money that was paid back has come back: the provider could not hand it over.

use crate::decide::Decider;
use crate::{Change, Grant, GrantSource, Payment, Purpose, Refund, SubscriptionStatus};

impl Decider<'_> {
    /// The rows of a refund that has failed after it had succeeded, beside those of itself and its
    /// payment. What was lost by it or taken out of time that is over is no loss any more. A gift
    /// that was cancelled stays so, and what has ended has ended.
    pub(super) fn refund_came_back(&self, payment: &Payment, refund: &Refund) -> Vec<Change> {
        let (amount, currency) = (refund.amount, refund.currency);
        if self.came_late(payment) {
            return self.late_money_came_back(amount, currency).into_iter().collect();
        }
        let living = self.still_bought(payment);
        let Some((grant, part)) = living.map(|(grant, room)| (grant, room.min(amount))) else {
            return self.came_back(amount, 0, currency).collect();
        };
        let grant = Grant { value: grant.value + part, ..grant.clone() };
        let mut changes: Vec<Change> = self.came_back(amount, part, currency).collect();
        changes.extend(self.with_next_recognition(std::slice::from_ref(&grant)));
        changes.push(Change::Grant(grant));
        changes
    }

    /// The grant that a payment has paid for, if it runs or waits and is what was bought, and by
    /// how much it is worth less than that. What it was worth after a change of plan is not known
    /// here.
    fn still_bought(&self, payment: &Payment) -> Option<(&Grant, u64)> {
        let now = self.context.now;
        let is_bought = |grant: &&Grant| {
            grant.payment == Some(payment.id)
                && grant.source != GrantSource::Change
                && grant.closed_at.is_none()
                && grant.slice.is_none_or(|slice| now < slice.end)
        };
        let mut grants = self.working_set.grants();
        let grant = grants.find(is_bought).filter(|_| {
            // What was taken from a gift is not given again.
            !matches!(payment.purpose, Purpose::Gift { .. })
        })?;
        let status = self.subscription(grant.subscription).ok()?.state.status();
        let is_there = status.is_live() || status == SubscriptionStatus::Scheduled;
        is_there.then(|| (grant, payment.paid().saturating_sub(grant.value)))
    }
}
