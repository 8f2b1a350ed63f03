//! What of a payment has gone to the credit of its user, by changes to what costs less.
//!
//! A change moves the worth of a grant, and several payments may stand behind that: what bought the
//! grant, and what had bought those in whose place it came. What is moved is taken from the newest
//! of them first, and once: all together never give more than was paid.

use super::chains::Chains;
use crate::decide::Decider;
use crate::{DisputeStatus, Grant, Payment, PaymentId, SubscriptionId};
use std::collections::{BTreeMap, BTreeSet};

impl Decider<'_> {
    /// What of that payment has gone to credit.
    pub(super) fn moved_to_credit(&self, payment: &Payment) -> u64 {
        let of_payment = self.working_set.grants().filter(|g| g.payment == Some(payment.id));
        let subscriptions: BTreeSet<SubscriptionId> = of_payment.map(|g| g.subscription).collect();
        let moved = |id: SubscriptionId| self.moved_in(id).remove(&payment.id);
        subscriptions.into_iter().filter_map(moved).sum()
    }

    /// What has gone to credit of each payment, in that subscription.
    fn moved_in(&self, subscription: SubscriptionId) -> BTreeMap<PaymentId, u64> {
        let chains = Chains::of(self.working_set, subscription);
        let mut moving: Vec<&Grant> = chains.grants().filter(|g| g.to_credit > 0).collect();
        moving.sort_by_key(|grant| (grant.closed_at, grant.id));
        let mut moved: BTreeMap<PaymentId, u64> = BTreeMap::new();
        let payer_of = |grant: &Grant| self.working_set.payment(grant.client, grant.payment?);
        for grant in moving {
            let mut rest = grant.to_credit;
            // Where it was worth more than its own payment, that came from grants beside it. A gift
            // is paid back whole all the same.
            let was_there = |other: &&Grant| Some(other.granted_at) <= grant.closed_at;
            let beside = chains.newest_first().filter(was_there).filter_map(payer_of);
            let beside = beside.filter(|payer| payer.purpose.gift().is_none());
            let mut payers = chains.behind(grant).filter_map(payer_of).chain(beside);
            while rest > 0
                && let Some(payer) = payers.next()
            {
                let of_payer = moved.entry(payer.id).or_default();
                let taken = rest.min(payer.movable().saturating_sub(*of_payer));
                *of_payer += taken;
                rest -= taken;
            }
        }
        moved
    }
}

impl Payment {
    /// What was paid back of it, is being, or was lost by a dispute.
    pub(super) fn returned(&self) -> u64 {
        let lost = self.dispute.as_ref();
        let lost = lost.filter(|dispute| dispute.status == DisputeStatus::Lost);
        let lost = lost.map_or(0, |dispute| dispute.amount);
        [self.refunded, self.refunding, lost].into_iter().fold(0, u64::saturating_add)
    }

    /// What of it, cash and credit, could be moved: what was paid back before could not. A gift is
    /// paid back, and a dispute lost, also after that, whatever was moved.
    fn movable(&self) -> u64 {
        let all = self.cash.saturating_add(self.credit);
        let back = self.refunded.saturating_add(self.refunding);
        if self.purpose.gift().is_some() { all } else { all.saturating_sub(back) }
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::Decider;
    use crate::samples::{grant as grant_of, *};
    use crate::{Change, Grant, GrantId, GrantSource, Payment, PaymentId, Slice};
    use chrono::TimeDelta;

    /// A grant of that payment that came in the place of the one before, and what it moved.
    fn grant(id: i64, payment: i64, to_credit: u64) -> Change {
        let slice = Slice { start: at("2026-05-31T08:00:00Z"), end: now() };
        Change::Grant(Grant {
            id: GrantId::new(id),
            closed_at: Some(now()),
            payment: Some(PaymentId::new(payment)),
            from_grant: (id > 1).then(|| GrantId::new(id - 1)),
            to_credit,
            ..grant_of(HELD, GrantSource::Purchase, 0, slice)
        })
    }

    fn paid(id: i64, cash: u64, credit: u64) -> Change {
        Change::Payment(Payment { credit, ..payment(id, cash) })
    }

    /// So many changes there and back, each to credit and paid by that credit.
    #[test]
    fn a_long_history_is_looked_through_in_no_time() {
        let times = 2_000;
        let mut rows = vec![paid(1, 3_000, 0)];
        for n in 1..=times {
            rows.push(grant(2 * n - 1, n, 2_000));
            rows.push(grant(2 * n, n, 0));
            rows.push(paid(n + 1, 0, 2_000));
        }
        assert_eq!(moved(rows, 1), 2_000);
    }

    fn moved(rows: Vec<Change>, payment: i64) -> u64 {
        let (working_set, context) = (&working_set(rows), &context(now()));
        let payment = working_set.payment(SHOP, PaymentId::new(payment)).unwrap();
        Decider { working_set, context }.moved_to_credit(payment)
    }

    #[test]
    fn what_is_moved_is_taken_from_the_newest_payment_first() {
        // Bronze, gold, bronze again.
        let rows =
            || vec![paid(1, 1_000, 0), paid(2, 2_000, 0), grant(1, 1, 0), grant(2, 2, 2_000)];
        assert_eq!((moved(rows(), 1), moved(rows(), 2)), (0, 2_000));
        // To what costs nothing.
        let rows =
            || vec![paid(1, 1_000, 0), paid(2, 2_000, 0), grant(1, 1, 0), grant(2, 2, 3_000)];
        assert_eq!((moved(rows(), 1), moved(rows(), 2)), (1_000, 2_000));
    }

    #[test]
    fn credit_that_was_spent_and_moved_again_counts_once() {
        // Gold, bronze, gold by credit, bronze.
        let rows = || {
            let grants = [grant(1, 1, 2_000), grant(2, 1, 0), grant(3, 2, 2_000)];
            [paid(1, 3_000, 0), paid(2, 0, 2_000)].into_iter().chain(grants).collect()
        };
        assert_eq!((moved(rows(), 1), moved(rows(), 2)), (2_000, 2_000));
    }

    /// June and July of gold for 3000 each, of which 2500 were paid back. Bronze for both leaves
    /// 1500 of June, and July is worth 1000 then; that becomes credit. August is bought later.
    #[test]
    fn what_its_own_payment_does_not_cover_came_from_another() {
        let from = |id: i64, before: Option<i64>, payment, to_credit| {
            let Change::Grant(grant) = grant(id, payment, to_credit) else { unreachable!() };
            let granted_at = now() + TimeDelta::days(i64::from(id == 5));
            Change::Grant(Grant { from_grant: before.map(GrantId::new), granted_at, ..grant })
        };
        let rows = || {
            let july = Payment { refunded: 2_500, ..payment(2, 3_000) };
            let grants = [
                from(1, None, 1, 1_500),
                from(2, None, 2, 0),
                from(3, Some(1), 1, 1_000),
                from(4, Some(2), 2, 1_000),
                from(5, None, 3, 0),
            ];
            let payments = [paid(1, 3_000, 0), Change::Payment(july), paid(3, 1_000, 0)];
            payments.into_iter().chain(grants).collect()
        };
        assert_eq!([1, 2, 3].map(|payment| moved(rows(), payment)), [3_000, 500, 0]);
    }

    #[test]
    fn what_was_paid_back_before_cannot_be_moved() {
        let rows = || {
            let back = Payment { refunded: 2_000, ..payment(2, 2_000) };
            let payments = [paid(1, 1_000, 0), Change::Payment(back)];
            payments.into_iter().chain([grant(1, 1, 0), grant(2, 2, 1_000)]).collect()
        };
        assert_eq!((moved(rows(), 1), moved(rows(), 2)), (1_000, 0));
    }
}
