//! What a bank decides about a payment.

use super::refunds::check;
use super::sample::{Till, received, subscribe};
use crate::provider::webhook;
use crate::schedule::{closings, inbox};
use domain::{PaymentId, Provider, RefundPayment};
use serde_json::json;
use store::books;
use support::Database;

/// What the books say.
async fn balances(till: &Till<'_>) -> Vec<(String, i64)> {
    let found = books::trial_balance(till.shop.database.store(), None).await.unwrap();
    let found = found.into_iter().map(|one| (one.account, one.debit - one.credit));
    found.filter(|(_, amount)| *amount != 0).collect()
}

fn named<const N: usize>(balances: [(&str, i64); N]) -> Vec<(String, i64)> {
    balances.map(|(account, amount)| (account.to_owned(), amount)).to_vec()
}

#[tokio::test]
async fn a_dispute_takes_the_money_and_the_time_that_is_left() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (_, body) = till.answer(subscribe(user)).await;
    let payment_id = body["payment"]["id"].as_i64().unwrap();
    // As the provider tells it, and twice.
    let send_event = async |kind: &str, id: &str, status: &str| {
        let metadata = json!({ "client_id": till.shop.client.to_string(),
                               "payment_id": payment_id.to_string() });
        let object = json!({ "id": id, "amount": 1500, "currency": "usd", "status": status,
                             "metadata": metadata });
        let event = json!({ "type": kind, "data": { "object": object } }).to_string();
        for _ in 0..2 {
            let (client, command) = webhook::read(&event).unwrap().unwrap().command();
            till.ground.settle_news(client, command).await.unwrap();
        }
        check(&till).await;
    };
    send_event("charge.dispute.created", "dp_1", "needs_response").await;
    assert_eq!(balances(&till).await, named([("deferred", -1500), ("disputes", 1500)]));
    let refund =
        RefundPayment { payment_id: PaymentId::new(payment_id), amount: None, cancel: false };
    let refused = till.shop.decide(refund.into()).await;
    let refused = &refused.entries[0].answered.as_ref().unwrap().answer;
    assert!(refused.body.contains("payment_disputed"), "{refused:?}");
    send_event("charge.dispute.closed", "dp_1", "won").await;
    assert_eq!(balances(&till).await, named([("cash", 1500), ("deferred", -1500)]));
    assert_eq!(till.states().await.1, "active");

    // The closings follow, and are looked at by `check`.
    closings::pass(database.store()).await.unwrap();
    send_event("charge.dispute.created", "dp_2", "under_review").await;
    send_event("charge.dispute.closed", "dp_2", "lost").await;
    closings::pass(database.store()).await.unwrap();
    check(&till).await;
    assert_eq!(balances(&till).await, named([("chargebacks", 1500), ("revenue", -1500)]));
    assert_eq!(till.states().await.1, "expired");
    assert_eq!(till.shop.count("payments", "dispute_status = 'lost' AND disputed = 1500").await, 1);
}

/// As Stripe tells it of disputes of payments that were made by hand.
#[tokio::test]
async fn a_dispute_that_names_only_the_charge_is_one_of_its_payment() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (_, body) = till.answer(subscribe(user)).await;
    let payment = PaymentId::new(body["payment"]["id"].as_i64().unwrap());
    let key = Provider::charge_key(till.shop.client, payment);
    for (intent, disputed) in [("pi_1".to_owned(), 0), (format!("pi_{key}"), 1)] {
        let object = json!({ "id": "dp_1", "amount": 1500, "currency": "usd",
                             "status": "needs_response", "payment_intent": intent });
        let event = json!({ "id": "evt_1", "type": "charge.dispute.created",
                            "data": { "object": object } });
        inbox::settle(&till.ground, &received("simulated", &event)).await.unwrap();
        assert_eq!(till.shop.count("payments", "dispute_status = 'opened'").await, disputed);
    }
}
