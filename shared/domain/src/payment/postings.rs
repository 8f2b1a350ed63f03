//! What moves in the ledger: one function for each event of the table in `docs/STATES.md`.

use crate::decide::Decider;
use crate::{Account, Change, Currency, Gift, Payment, Transfer};

impl Decider<'_> {
    /// Money that moves now. Nothing moves if the amount is 0.
    pub(crate) fn transfer(
        &self,
        (debit, credit): (Account, Account),
        amount: u64,
        currency: Currency,
    ) -> Option<Change> {
        let (client, job, at) = (self.context.client, self.context.job, self.context.now);
        let transfer = Transfer { client, job, debit, credit, amount, currency, at };
        (amount > 0).then_some(Change::Transfer(transfer))
    }

    /// A payment for time of a subscription: its cash and its credit are deferred.
    pub(crate) fn time_is_paid(&self, payment: &Payment) -> impl Iterator<Item = Change> {
        let by_cash = (Account::Cash, Account::Deferred);
        let by_credit = (Account::Credit(payment.user), Account::Deferred);
        let parts = [
            self.transfer(by_cash, payment.cash, payment.currency),
            self.transfer(by_credit, payment.credit, payment.currency),
        ];
        parts.into_iter().flatten()
    }

    /// What was deferred is earned.
    pub(crate) fn earned(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Deferred, Account::Revenue), amount, currency)
    }

    /// A gift is bought.
    pub(crate) fn gift_is_paid(&self, gift: &Gift, payment: &Payment) -> Option<Change> {
        self.transfer((Account::Cash, Account::Gift(gift.id)), payment.cash, payment.currency)
    }

    /// A gift becomes time of a subscription.
    pub(crate) fn gift_is_redeemed(&self, gift: &Gift) -> Option<Change> {
        self.out_of_gift(gift, Account::Deferred)
    }

    /// Nobody has redeemed a gift in time.
    pub(crate) fn gift_is_missed(&self, gift: &Gift) -> Option<Change> {
        self.out_of_gift(gift, Account::Breakage)
    }

    /// A gift is paid back that nobody has redeemed.
    pub(crate) fn gift_is_paid_back(&self, gift: &Gift) -> Option<Change> {
        self.out_of_gift(gift, Account::Cash)
    }

    fn out_of_gift(&self, gift: &Gift, to: Account) -> Option<Change> {
        self.transfer((Account::Gift(gift.id), to), gift.value, gift.currency?)
    }

    /// Money came for something that is not there any more.
    pub(crate) fn late_money(&self, payment: &Payment) -> Option<Change> {
        self.transfer((Account::Cash, Account::Unapplied), payment.cash, payment.currency)
    }

    /// Such money is paid back.
    pub(crate) fn late_money_back(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Unapplied, Account::Cash), amount, currency)
    }

    /// The provider holds back what a user disputes.
    pub(crate) fn dispute_is_opened(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Disputes, Account::Cash), amount, currency)
    }

    /// What was disputed comes back to us.
    pub(crate) fn dispute_is_won(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Cash, Account::Disputes), amount, currency)
    }

    /// What was disputed went back to the user.
    pub(crate) fn dispute_is_lost(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Chargebacks, Account::Disputes), amount, currency)
    }

    /// Such money has come back after it was paid back.
    pub(crate) fn late_money_came_back(&self, amount: u64, currency: Currency) -> Option<Change> {
        self.transfer((Account::Cash, Account::Unapplied), amount, currency)
    }

    /// An amount has come back after it was paid back, and that much of it is deferred again. By
    /// the rest it is a loss no more.
    pub(crate) fn came_back(
        &self,
        amount: u64,
        deferred: u64,
        currency: Currency,
    ) -> impl Iterator<Item = Change> {
        let parts = [
            self.transfer((Account::Cash, Account::Deferred), deferred, currency),
            self.transfer((Account::Cash, Account::RefundLoss), amount - deferred, currency),
        ];
        parts.into_iter().flatten()
    }

    /// An amount is paid back, and that much of it is deferred still. The rest is a loss.
    pub(crate) fn paid_back(
        &self,
        amount: u64,
        deferred: u64,
        currency: Currency,
    ) -> impl Iterator<Item = Change> {
        let unearned = amount.min(deferred);
        let parts = [
            self.transfer((Account::Deferred, Account::Cash), unearned, currency),
            self.transfer((Account::RefundLoss, Account::Cash), amount - unearned, currency),
        ];
        parts.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::Decider;
    use crate::samples::*;
    use crate::{Account, Change, Gift, WorkingSet};

    type Moved = (Account, Account, u64);

    fn moved(changes: impl IntoIterator<Item = Change>) -> Vec<Moved> {
        transfers(&changes.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn each_event_moves_what_the_table_says() {
        use Account::{Breakage, Cash, Chargebacks, Credit, Deferred, Disputes};
        use Account::{RefundLoss, Revenue, Unapplied};
        let (set, context) = (WorkingSet::default(), context(now()));
        let decider = Decider { working_set: &set, context: &context };
        let paid = crate::Payment { cash: 700, credit: 300, ..payment(30, 1_000) };
        let gift = Gift { value: 1_500, currency: Some(usd()), ..gift(20) };
        let box_of_gift = Account::Gift(gift.id);
        let credit = Credit(ALICE);
        let cases: [(Vec<Change>, Vec<Moved>); 11] = [
            (
                decider.time_is_paid(&paid).collect(),
                vec![(Cash, Deferred, 700), (credit, Deferred, 300)],
            ),
            (decider.earned(5, usd()).into_iter().collect(), vec![(Deferred, Revenue, 5)]),
            (
                decider.gift_is_paid(&gift, &payment(30, 1_500)).into_iter().collect(),
                vec![(Cash, box_of_gift, 1_500)],
            ),
            (
                decider.gift_is_redeemed(&gift).into_iter().collect(),
                vec![(box_of_gift, Deferred, 1_500)],
            ),
            (
                decider.gift_is_missed(&gift).into_iter().collect(),
                vec![(box_of_gift, Breakage, 1_500)],
            ),
            (decider.late_money(&paid).into_iter().collect(), vec![(Cash, Unapplied, 700)]),
            (
                decider.late_money_back(700, usd()).into_iter().collect(),
                vec![(Unapplied, Cash, 700)],
            ),
            (decider.dispute_is_opened(9, usd()).into_iter().collect(), vec![(Disputes, Cash, 9)]),
            (decider.dispute_is_won(9, usd()).into_iter().collect(), vec![(Cash, Disputes, 9)]),
            (
                decider.dispute_is_lost(9, usd()).into_iter().collect(),
                vec![(Chargebacks, Disputes, 9)],
            ),
            (
                decider.paid_back(500, 200, usd()).collect(),
                vec![(Deferred, Cash, 200), (RefundLoss, Cash, 300)],
            ),
        ];
        for (changes, expected) in cases {
            assert_eq!(moved(changes), expected);
        }
    }

    #[test]
    fn nothing_moves_where_there_is_nothing() {
        let (set, context) = (WorkingSet::default(), context(now()));
        let decider = Decider { working_set: &set, context: &context };
        assert_eq!(decider.earned(0, usd()), None);
        assert_eq!(decider.gift_is_redeemed(&gift(20)), None);
    }
}
