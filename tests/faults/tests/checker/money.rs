//! What a provider took, what was bought for it, and what the ledger says.

use crate::books::Books;
use domain::{
    Account, ChargeOutcome, ClientId, Currency, DeclineCode, DisputeStatus, MethodOutcome, Money,
    Payment, PaymentId, PaymentMethodId, PaymentPhase, Plan, PlanCode, Provider, RefundId,
    RefundOutcome, SettleDispute, SettleMethod, SettlePayment, SettleRefund,
};
use faults::checker::{ProviderCharge, ProviderRefund, Rule};
use faults::history::{BankEvent, Request};
use serde_json::json;
use std::sync::Arc;

const METHOD: PaymentMethodId = PaymentMethodId::new(2);
const PAYMENT: PaymentId = PaymentId::new(4);
const REFUND: RefundId = RefundId::new(6);

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn charge(books: &mut Books, payment: PaymentId, status: &str) {
    let client = ClientId::LOCAL;
    let payment = books.rows.payments.iter().find(|p| p.id == payment).unwrap();
    let charge = ProviderCharge {
        key: Provider::charge_key(client, payment.id),
        client,
        payment: payment.id,
        amount: payment.cash,
        currency: usd(),
        status: status.to_owned(),
    };
    books.rows.provider.charges.push(charge);
}

/// A user with a method, who has asked for a month of silver.
fn asked() -> Books {
    let mut books = Books::empty();
    let monthly = books.rows.plans.first().unwrap().clone();
    let code = PlanCode::parse("silver").unwrap();
    let mut silver = Plan { code, ..monthly };
    silver.terms.price = Money { amount: 1500, currency: usd() };
    books.sells(silver);
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
    books.command("card", "/payment-methods", json!({"token": "sim_ok", "user_id": 1}));
    let outcome = MethodOutcome::Attached {
        reference: "sim_ok".to_owned(),
        customer: "ann".to_owned(),
        brand: "simulated".to_owned(),
        last4: "4242".to_owned(),
    };
    let job_id = books.row("card").job;
    books.internal(SettleMethod { method_id: METHOD, job_id, outcome });
    books.command("sub", "/subscribe", json!({"plan": "silver", "user_id": 1}));
    books
}

fn settle(books: &mut Books, outcome: ChargeOutcome) {
    books.internal(SettlePayment { payment_id: PAYMENT, outcome });
}

fn paid() -> Books {
    let mut books = asked();
    settle(&mut books, ChargeOutcome::Succeeded);
    charge(&mut books, PAYMENT, "succeeded");
    books
}

fn declined() -> Books {
    let mut books = asked();
    let decline = DeclineCode { code: "generic_decline".to_owned(), is_hard: false };
    settle(&mut books, ChargeOutcome::Declined { decline });
    charge(&mut books, PAYMENT, "declined");
    books
}

/// A month of silver that was paid back.
fn refunded() -> Books {
    let mut books = paid();
    books.command("back", "/refund", json!({"payment_id": PAYMENT}));
    books.internal(SettleRefund {
        refund_id: REFUND,
        payment_id: PAYMENT,
        outcome: RefundOutcome::Succeeded,
    });
    let client = ClientId::LOCAL;
    books.rows.provider.refunds.push(ProviderRefund {
        key: Provider::refund_key(client, REFUND),
        client,
        payment: PAYMENT,
        refund: REFUND,
        amount: 1500,
        currency: usd(),
        status: "succeeded".to_owned(),
    });
    books
}

fn payment(books: &mut Books) -> &mut Payment {
    books.rows.payments.first_mut().unwrap()
}

#[test]
fn what_is_bought_declined_or_paid_back_breaks_no_rule() {
    assert_eq!(paid().broken(), []);
    assert_eq!(declined().broken(), []);
    assert_eq!(refunded().broken(), []);
}

#[test]
fn a_payment_without_an_end_is_caught() {
    let broken = asked().broken();
    for rule in [Rule::Unsettled, Rule::NotAnOutcome, Rule::Limbo] {
        assert!(broken.contains(&rule), "{broken:?}");
    }
    let mut books = paid();
    books.rows.effects.push(("charge".to_owned(), "{}".to_owned()));
    assert_eq!(books.broken(), [Rule::Unsettled]);
}

#[test]
fn what_is_charged_twice_or_otherwise_than_it_says_is_caught() {
    let mut books = paid();
    charge(&mut books, PAYMENT, "succeeded");
    assert_eq!(books.broken(), [Rule::NotChargedOnce]);

    let mut books = paid();
    charge(&mut books, PAYMENT, "declined");
    assert_eq!(books.broken(), [Rule::NotChargedOnce], "by another key");

    let mut books = paid();
    books.rows.provider.charges.clear();
    assert_eq!(books.broken(), [Rule::NotChargedOnce]);

    let mut books = declined();
    books.rows.provider.charges.first_mut().unwrap().status = "succeeded".to_owned();
    assert_eq!(books.broken(), [Rule::NotChargedOnce]);

    for change in [
        (|charge| charge.key = "another".to_owned()) as fn(&mut ProviderCharge),
        |charge| charge.amount = 1,
        |charge| charge.payment = PaymentId::new(99),
    ] {
        let mut books = paid();
        change(books.rows.provider.charges.first_mut().unwrap());
        assert_eq!(books.broken(), [Rule::NotChargedOnce]);
    }
}

#[test]
fn what_is_paid_back_twice_or_otherwise_than_it_says_is_caught() {
    let mut books = refunded();
    let twice = books.rows.provider.refunds.first().unwrap().clone();
    books.rows.provider.refunds.push(twice);
    assert_eq!(books.broken(), [Rule::NotRefundedOnce]);

    let mut books = refunded();
    books.rows.provider.refunds.clear();
    assert_eq!(books.broken(), [Rule::NotRefundedOnce]);

    let mut books = refunded();
    books.rows.provider.refunds.first_mut().unwrap().amount = 1;
    assert_eq!(books.broken(), [Rule::NotRefundedOnce]);
}

#[test]
fn who_is_entitled_unpaid_is_caught() {
    let mut books = paid();
    let grant = books.rows.grants.first_mut().unwrap();
    (grant.payment, grant.value) = (None, 0);
    let broken = books.broken();
    assert!(broken.contains(&Rule::EntitledUnpaid), "{broken:?}");

    let mut books = paid();
    payment(&mut books).phase = PaymentPhase::Cancelled;
    let broken = books.broken();
    assert!(broken.contains(&Rule::EntitledUnpaid), "{broken:?}");

    let mut books = paid();
    books.rows.grants.clear();
    let broken = books.broken();
    assert!(broken.contains(&Rule::EntitledUnpaid), "{broken:?}");
}

#[test]
fn money_for_nothing_is_caught_unless_it_was_paid_back() {
    let mut books = paid();
    books.rows.grants.first_mut().unwrap().payment = None;
    let broken = books.broken();
    assert!(broken.contains(&Rule::MoneyForNothing), "{broken:?}");

    let mut books = refunded();
    books.rows.grants.first_mut().unwrap().payment = None;
    let broken = books.broken();
    assert!(!broken.contains(&Rule::MoneyForNothing), "{broken:?}");
}

#[test]
fn books_that_say_something_else_than_the_rows_are_caught() {
    let mut books = paid();
    books.rows.transfers.clear();
    assert_eq!(books.broken(), [Rule::RowMissing, Rule::BooksDiffer]);

    let mut books = paid();
    books.rows.grants.first_mut().unwrap().value = 1;
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::BooksDiffer]);

    let mut books = paid();
    books.rows.users.first_mut().unwrap().credit = 1;
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::BooksDiffer]);

    let mut books = paid();
    books.rows.findings.push(("cash".to_owned(), "is wrong".to_owned()));
    assert_eq!(books.broken(), [Rule::Inconsistent]);
}

fn said(books: &mut Books, status: DisputeStatus, heard: bool) -> SettleDispute {
    let event = BankEvent { owner: ClientId::LOCAL, payment: PAYMENT, amount: 1_000, status };
    let (dispute, money) = (event.reference(), Money { amount: 1_000, currency: usd() });
    books.asks(Request::Bank(Arc::new(event)), heard.then_some((200, "{}")));
    SettleDispute { payment_id: PAYMENT, dispute, money, status }
}

/// A payment that was disputed, and for good if there is an end.
fn disputed(end: Option<DisputeStatus>) -> Books {
    let mut books = paid();
    for status in [DisputeStatus::Opened].into_iter().chain(end) {
        let settle = said(&mut books, status, true);
        books.internal(settle);
    }
    books
}

#[test]
fn disputes_stand_in_the_books_as_their_banks_say() {
    let ends = [None, Some(DisputeStatus::Won), Some(DisputeStatus::Lost)];
    for end in ends {
        assert_eq!(disputed(end).broken(), [], "{end:?}");
    }
    // What nobody has heard need not be there.
    let mut books = paid();
    said(&mut books, DisputeStatus::Opened, false);
    assert_eq!(books.broken(), []);
}

#[test]
fn what_a_bank_said_and_nobody_did_is_caught_and_what_none_has_said() {
    let mut books = disputed(None);
    said(&mut books, DisputeStatus::Won, true);
    assert_eq!(books.broken(), [Rule::DisputeDiffers]);
    let mut books = disputed(Some(DisputeStatus::Lost));
    books.history.retain(|exchange| !matches!(exchange.request, Request::Bank(_)));
    assert_eq!(books.broken(), [Rule::DisputeDiffers]);
}

#[test]
fn a_ledger_without_what_is_disputed_is_caught() {
    let mut books = disputed(None);
    books.rows.transfers.retain(|transfer| transfer.debit != Account::Disputes);
    assert!(books.broken().contains(&Rule::BooksDiffer));
}
