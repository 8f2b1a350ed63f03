//! The rules of money: what the provider took and paid back is what the rows say, once, and the
//! ledger says the same.

use super::evidence::{ProviderCharge, ProviderRefund, Rows};
use super::{Rule, Violation};
use domain::{
    Account, ClientId, Currency, Dispute, DisputeStatus, MethodStatus, Payment, PaymentId,
    PaymentPhase, Provider, RefundId, RefundStatus,
};
use std::collections::{BTreeMap, BTreeSet};

/// The provider's word for a charge or a refund that succeeded.
const SUCCEEDED: &str = "succeeded";

/// Amounts by account and currency, positive on the credit side.
type Balances = BTreeMap<(ClientId, Account, &'static str), i128>;

pub(super) fn check(rows: &Rows) -> Vec<Violation> {
    let mut violations = charges(rows);
    violations.extend(refunds(rows));
    violations.extend(unsettled(rows));
    violations.extend(books(rows));
    violations.extend(rows.findings.iter().map(|(invariant, finding)| {
        Violation::of_state(Rule::Inconsistent, format!("{invariant}: {finding}"))
    }));
    violations
}

/// Every payment was charged at most once, and exactly once if it succeeded.
fn charges(rows: &Rows) -> Vec<Violation> {
    let mut by_payment = BTreeMap::<(ClientId, PaymentId), Vec<&ProviderCharge>>::new();
    for charge in &rows.provider.charges {
        by_payment.entry((charge.client, charge.payment)).or_default().push(charge);
    }
    let mut wrong = Vec::new();
    for payment in &rows.payments {
        let found = by_payment.remove(&(payment.client, payment.id)).unwrap_or_default();
        wrong.extend(charged_wrongly(payment, &found));
    }
    wrong.extend(by_payment.into_iter().map(|((_, id), charges)| {
        format!("the provider has charges of payment {id}, which is not there: {charges:?}")
    }));
    wrong.into_iter().map(|detail| Violation::of_state(Rule::NotChargedOnce, detail)).collect()
}

fn charged_wrongly(payment: &Payment, charges: &[&ProviderCharge]) -> Option<String> {
    let Payment { id, client, cash, currency, .. } = *payment;
    let key = Provider::charge_key(client, id);
    let asked = |charge: &&ProviderCharge| {
        charge.key == key && charge.amount == cash && charge.currency == currency
    };
    let taken = charges.iter().filter(|charge| charge.status == SUCCEEDED).count();
    let expected = usize::from(payment.phase == PaymentPhase::Succeeded && cash > 0);
    let phase = payment.phase.as_str();
    let told = |what| Some(format!("payment {id} of {cash} is {phase}, and {what}: {charges:?}"));
    match charges {
        _ if taken != expected => told("the provider took money otherwise"),
        [] | [_] if charges.iter().all(asked) => None,
        [_] => told("something else was asked for"),
        _ => told("it was charged several times"),
    }
}

/// Every refund was paid back at most once, and exactly once if it succeeded; and a payment knows
/// what was paid back of it.
fn refunds(rows: &Rows) -> Vec<Violation> {
    let mut by_refund = BTreeMap::<(ClientId, RefundId), Vec<&ProviderRefund>>::new();
    for refund in &rows.provider.refunds {
        by_refund.entry((refund.client, refund.refund)).or_default().push(refund);
    }
    let mut wrong = Vec::new();
    let mut back = BTreeMap::<_, (u64, u64)>::new();
    for refund in &rows.refunds {
        let found = by_refund.remove(&(refund.client, refund.id)).unwrap_or_default();
        let key = Provider::refund_key(refund.client, refund.id);
        let asked = |other: &&&ProviderRefund| {
            other.key == key
                && other.payment == refund.payment
                && other.amount == refund.amount
                && other.currency == refund.currency
                && other.status == SUCCEEDED
        };
        let (paid, right) = (found.len(), found.iter().filter(asked).count());
        let once = match refund.status {
            RefundStatus::Succeeded => (paid, right) == (1, 1),
            RefundStatus::Pending | RefundStatus::Failed => right == 0,
        };
        if !once {
            wrong.push(format!("{refund:?}, and the provider has {found:?}"));
        }
        let (succeeded, pending) = back.entry((refund.client, refund.payment)).or_default();
        match refund.status {
            RefundStatus::Succeeded => *succeeded += refund.amount,
            RefundStatus::Pending => *pending += refund.amount,
            RefundStatus::Failed => {}
        }
    }
    wrong.extend(by_refund.into_iter().map(|((_, id), found)| {
        format!("the provider paid refund {id} back, which is not there: {found:?}")
    }));
    wrong.extend(rows.payments.iter().filter_map(|payment| {
        let refunded = back.remove(&(payment.client, payment.id)).unwrap_or_default();
        let known = (payment.refunded, payment.refunding);
        let detail = || format!("payment {} has {known:?} back, not {refunded:?}", payment.id);
        (known != refunded).then(detail)
    }));
    wrong.into_iter().map(|detail| Violation::of_state(Rule::NotRefundedOnce, detail)).collect()
}

/// What has no end though nothing is to be done any more. Who has to do something may take his
/// time.
fn unsettled(rows: &Rows) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let payments = rows.payments.iter().filter(|payment| payment.is_in_progress());
    wrong.extend(payments.map(|payment| format!("payment {} is {:?}", payment.id, payment.phase)));
    let refunds = rows.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
    wrong.extend(refunds.map(|refund| format!("refund {} is pending", refund.id)));
    let methods = rows.methods.iter().filter(|method| method.status == MethodStatus::Pending);
    wrong.extend(methods.map(|method| format!("payment method {} is pending", method.id)));
    wrong.extend(rows.effects.iter().map(|(kind, payload)| format!("effect {kind}: {payload}")));
    wrong.into_iter().map(|detail| Violation::of_state(Rule::Unsettled, detail)).collect()
}

/// The balances of the ledger are what the rows say: cash what was taken and not paid back, less
/// what banks hold back or have got back, deferred what open grants are worth, credit what users
/// have, with what is reserved.
fn books(rows: &Rows) -> Vec<Violation> {
    let mut violations = groups(rows);
    let (posted, expected) = (posted(rows), expected(rows));
    let accounts: BTreeSet<_> = posted.keys().chain(expected.keys()).collect();
    for key @ (_, account, currency) in accounts {
        // What was earned or lost is told by the ledger alone.
        if matches!(account, Account::Revenue | Account::Breakage | Account::RefundLoss) {
            continue;
        }
        let of = |balances: &Balances| balances.get(key).copied().unwrap_or_default();
        let (is, should) = (of(&posted), of(&expected));
        if is != should {
            let detail = format!("{account} is {is} {currency}, not {should}");
            violations.push(Violation::of_state(Rule::BooksDiffer, detail));
        }
    }
    violations
}

/// Every transfer belongs to a job, and what a job moved sums to zero.
fn groups(rows: &Rows) -> Vec<Violation> {
    let jobs: BTreeSet<_> = rows.log.iter().map(|row| row.job).collect();
    let mut sums = BTreeMap::<_, i128>::new();
    for transfer in &rows.transfers {
        let amount = i128::from(transfer.amount);
        let sum = sums.entry((transfer.job, transfer.currency.as_str())).or_default();
        *sum += amount - amount * i128::from(transfer.debit != transfer.credit);
    }
    let unbalanced = sums.into_iter().filter(|((job, _), sum)| *sum != 0 || !jobs.contains(job));
    let told =
        |((job, _), sum)| format!("the transfers of job {job} sum to {sum}, or it is no job");
    unbalanced.map(|group| Violation::of_state(Rule::BooksDiffer, told(group))).collect()
}

/// Where the money of a dispute is that is not with us.
fn held_back(dispute: &Dispute) -> Option<(Account, i128)> {
    let account = match dispute.status {
        DisputeStatus::Opened => Account::Disputes,
        DisputeStatus::Lost => Account::Chargebacks,
        DisputeStatus::Won => return None,
    };
    Some((account, dispute.amount.into()))
}

fn posted(rows: &Rows) -> Balances {
    let mut posted = Balances::new();
    for transfer in &rows.transfers {
        let amount = i128::from(transfer.amount);
        let key = |account| (transfer.client, account, transfer.currency.as_str());
        *posted.entry(key(transfer.debit)).or_default() -= amount;
        *posted.entry(key(transfer.credit)).or_default() += amount;
    }
    posted
}

fn expected(rows: &Rows) -> Balances {
    let mut expected = Balances::new();
    let mut add = |client, account, currency: Option<Currency>, amount: i128| {
        if let Some(currency) = currency.filter(|_| amount != 0) {
            *expected.entry((client, account, currency.as_str())).or_default() += amount;
        }
    };
    for payment in &rows.payments {
        let currency = Some(payment.currency);
        if payment.phase == PaymentPhase::Succeeded {
            let kept = i128::from(payment.cash) - i128::from(payment.refunded);
            let held_back = payment.dispute.as_ref().and_then(held_back);
            let (account, disputed) = held_back.unwrap_or((Account::Cash, 0));
            add(payment.client, Account::Cash, currency, disputed - kept);
            add(payment.client, account, currency, -disputed);
        }
        if payment.settled_at.is_none() {
            // It is reserved until the end is known.
            let (credit, reserved) = (Account::Credit(payment.user), payment.credit);
            add(payment.client, credit, currency, reserved.into());
        }
    }
    for user in &rows.users {
        add(user.client, Account::Credit(user.id), user.currency, user.credit.into());
    }
    for grant in rows.grants.iter().filter(|grant| grant.closed_at.is_none()) {
        add(grant.client, Account::Deferred, grant.currency, grant.value.into());
    }
    for gift in rows.gifts.iter().filter(|gift| gift.state == domain::GiftState::Pending) {
        add(gift.client, Account::Gift(gift.id), gift.currency, gift.value.into());
    }
    let late = rows.refunds.iter().filter(|refund| refund.is_of_late_money);
    let late: BTreeSet<_> = late.map(|refund| (refund.client, refund.payment)).collect();
    for payment in rows.payments.iter().filter(|p| late.contains(&(p.client, p.id))) {
        add(payment.client, Account::Unapplied, Some(payment.currency), payment.cash.into());
    }
    for refund in rows.refunds.iter().filter(|r| late.contains(&(r.client, r.payment))) {
        if refund.status == RefundStatus::Succeeded {
            let back = -i128::from(refund.amount);
            add(refund.client, Account::Unapplied, Some(refund.currency), back);
        }
    }
    expected
}
