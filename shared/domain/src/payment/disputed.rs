//! What goes when a dispute was lost.

use crate::decide::Decider;
use crate::{Change, Effect, Gift, GiftId, GiftState, Grant, Payment};
use std::cmp::Reverse;

impl Decider<'_> {
    /// The rows and effects of a payment whose money went back by a dispute, beside its own. What
    /// was bought and not served goes. What was paid for that is earned: the loss stands in
    /// `chargebacks`.
    pub(super) fn forfeited(&self, payment: &Payment) -> (Vec<Change>, Vec<Effect>) {
        if let Some(gift) = payment.purpose.gift() {
            return self.forfeited_gift(gift, payment);
        }
        let paid = self.paid_grants(payment).into_iter();
        self.taken(paid.filter(|grant| grant.is_unearned()).cloned().collect())
    }

    fn forfeited_gift(&self, gift: GiftId, payment: &Payment) -> (Vec<Change>, Vec<Effect>) {
        let found = self.working_set.gift(payment.client, gift);
        let found = found.filter(|gift| gift.payment == Some(payment.id));
        match found.map(|gift| (&gift.state, gift)) {
            Some((GiftState::Pending, gift)) => {
                let cancelled = Gift { state: GiftState::Cancelled, ..gift.clone() };
                let changes = [Change::Gift(cancelled)].into_iter();
                (changes.chain(self.gift_is_missed(gift)).collect(), Vec::new())
            }
            Some((GiftState::Redeemed { .. }, gift)) => {
                self.taken(self.grant_of_gift(gift).into_iter().cloned().collect())
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// Takes grants away, the last one first.
    fn taken(&self, mut grants: Vec<Grant>) -> (Vec<Change>, Vec<Effect>) {
        grants.sort_by_key(|grant| Reverse((grant.slice.map(|slice| slice.start), grant.id)));
        let (mut changes, mut effects) = (Vec::new(), Vec::new());
        let mut after = self.working_set.clone();
        for grant in grants.iter().filter(|grant| grant.closed_at.is_none()) {
            let decider = Decider { working_set: &after, context: self.context };
            let Some(taken) = decider.without(grant) else { continue };
            let earned = grant.currency.and_then(|code| decider.earned(taken.deferred, code));
            let rows: Vec<Change> = earned.into_iter().chain(taken.changes).collect();
            for row in &rows {
                after.apply(row.clone());
            }
            changes.extend(rows);
            effects.extend(taken.effects);
        }
        (changes, effects)
    }
}
