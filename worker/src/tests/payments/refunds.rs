//! Money that is paid back.

use super::sample::{Till, answer, subscribe};
use crate::effects::Performed;
use chrono::TimeDelta;
use domain::{Instant, PaymentId, RefundPayment};
use runtime::clock::now;
use serde_json::json;
use store::check::Invariant;
use support::Database;

/// Nothing that is stored breaks what should hold.
pub(super) async fn check(till: &Till<'_>) {
    for invariant in Invariant::ALL {
        let found = invariant.look(till.shop.database.store(), till.shop.client, 10).await.unwrap();
        assert!(found.is_empty(), "{}: {found:?}", invariant.as_str());
    }
}

#[tokio::test]
async fn a_refund_is_paid_once() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (_, body) = till.answer(subscribe(user)).await;
    let payment_id = PaymentId::new(body["payment"]["id"].as_i64().unwrap());
    check(&till).await;
    let begun = till.begin(RefundPayment { payment_id, amount: Some(500), cancel: false }).await;
    // Killed after the send.
    let domain::EffectTask::PayBack(pay_back) = &begun.effect.task else { panic!("{begun:?}") };
    let call = crate::provider::Call { client: till.shop.client, what: pay_back };
    till.ground.providers.refund(call, &[]).await;
    let (status, body) = answer(&till.go_on(&till.ground).await);
    assert_eq!((status, &body["status"]), (201, &json!("succeeded")), "{body}");
    assert_eq!(database.value::<i64>("SELECT count(*) FROM simulated_refunds").await, 1);
    assert_eq!(till.shop.count("payments", "refunded = 500 AND refunding = 0").await, 1);
    check(&till).await;
}

fn in_21_hours() -> Instant {
    now() + TimeDelta::hours(21)
}

fn in_43_hours() -> Instant {
    now() + TimeDelta::hours(43)
}

fn in_45_hours() -> Instant {
    now() + TimeDelta::hours(45)
}

/// It may have been sent for the last time after 20 hours, and the provider takes a while.
#[tokio::test]
async fn a_refund_that_is_not_found_has_failed_a_day_after_it_was_last_sent() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (_, body) = till.answer(subscribe(user)).await;
    let payment_id = PaymentId::new(body["payment"]["id"].as_i64().unwrap());
    till.begin(RefundPayment { payment_id, amount: Some(500), cancel: false }).await;
    let performed = till.go_on(&till.at_real(in_21_hours)).await;
    let (status, body) = answer(&performed);
    assert_eq!((status, &body["status"]), (201, &json!("pending")), "{body}");
    let performed = till.go_on(&till.at_real(in_43_hours)).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_some());
    assert_eq!(till.shop.count("refunds", "status = 'pending'").await, 1);
    let performed = till.go_on(&till.at_real(in_45_hours)).await;
    assert_eq!(performed.later, None);
    assert_eq!(till.shop.count("refunds", "status = 'failed'").await, 1);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM simulated_refunds").await, 0);
    let found = Invariant::NothingStuck.look(database.store(), till.shop.client, 10).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("pay it back by hand"), "{found:?}");
}

/// A payment that succeeds when its subscription is cancelled.
async fn paid_too_late(till: &Till<'_>) -> Performed {
    let user = till.payer("ann", "sim_error_2").await;
    let begun = till.begin(subscribe(user)).await;
    till.perform(&begun).await;
    let id = till.shop.database.value("SELECT id FROM subscriptions").await;
    let subscription_id = domain::SubscriptionId::new(id);
    till.shop.send(domain::Cancel { subscription_id, at_period_end: false }).await;
    let performed = till.go_on(&till.ground).await;
    assert_eq!(performed.settled.begun.len(), 1);
    check(till).await;
    performed
}

#[tokio::test]
async fn what_succeeds_too_late_is_paid_back_by_itself() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let performed = paid_too_late(&till).await;
    for begun in &performed.settled.begun {
        till.perform(begun).await;
    }
    assert_eq!(till.shop.count("payments", "phase = 'succeeded' AND refunded = 1500").await, 1);
    assert_eq!(till.shop.count("refunds", "is_of_late_money AND status = 'succeeded'").await, 1);
    assert_eq!(till.shop.count("grants", "true").await, 0);
    check(&till).await;
}

#[tokio::test]
async fn what_could_not_be_paid_back_by_itself_is_paid_back_by_hand() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    paid_too_late(&till).await;
    for real in [in_21_hours, in_43_hours, in_45_hours] {
        till.go_on(&till.at_real(real)).await;
    }
    assert_eq!(till.shop.count("refunds", "is_of_late_money AND status = 'failed'").await, 1);
    let payment_id = PaymentId::new(database.value("SELECT id FROM payments").await);
    let all = RefundPayment { payment_id, amount: None, cancel: false };
    let (status, body) = till.answer(all).await;
    assert_eq!((status, &body["status"]), (201, &json!("succeeded")), "{body}");
    assert_eq!(till.shop.count("ledger", "'refund_loss' IN (debit, credit)").await, 0);
    for invariant in [Invariant::Cash, Invariant::Unapplied] {
        let found = invariant.look(database.store(), till.shop.client, 10).await.unwrap();
        assert!(found.is_empty(), "{}: {found:?}", invariant.as_str());
    }
}
