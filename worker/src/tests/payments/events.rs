//! What providers tell by themselves, and whom it is believed of.

use super::sample::{Till, received, subscribe};
use crate::fault::{Fault, Recovery};
use crate::schedule::inbox;
use domain::{ChargeOutcome, PaymentId, Provider, RefundPayment, SettlePayment};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::provider_inbox;
use support::Database;

fn paid(till: &Till<'_>, payment: i64) -> Value {
    let metadata =
        json!({ "client_id": till.shop.client.to_string(), "payment_id": payment.to_string() });
    json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
        "id": "pi_1", "status": "succeeded", "amount": 1500, "currency": "usd",
        "metadata": metadata } } })
}

/// A payment that waits for its user.
async fn waiting(till: &Till<'_>) -> i64 {
    let user = till.payer("ann", "sim_action").await;
    let (_, body) = till.answer(subscribe(user)).await;
    body["payment"]["id"].as_i64().unwrap()
}

#[tokio::test]
async fn an_event_settles_only_a_payment_of_its_provider_of_the_same_money() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let payment = waiting(&till).await;
    let mut dearer = paid(&till, payment);
    dearer["data"]["object"]["amount"] = json!(1501);
    let mut foreign = paid(&till, payment);
    foreign["data"]["object"]["currency"] = json!("eur");
    for (provider, event) in [
        ("stripe", paid(&till, payment)),
        ("simulated", dearer),
        ("simulated", foreign),
        ("simulated", paid(&till, payment + 1)),
    ] {
        inbox::settle(&till.ground, &received(provider, &event)).await.unwrap();
        assert_eq!(till.states().await, ("action_required".to_owned(), "pending".to_owned()));
    }
    inbox::settle(&till.ground, &received("simulated", &paid(&till, payment))).await.unwrap();
    assert_eq!(till.states().await, ("succeeded".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn an_event_settles_only_a_refund_of_its_provider_of_the_same_money() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (_, body) = till.answer(subscribe(user)).await;
    let payment = body["payment"]["id"].as_i64().unwrap();
    let payment_id = PaymentId::new(payment);
    till.begin(RefundPayment { payment_id, amount: Some(500), cancel: false }).await;
    let refund: i64 = database.value("SELECT id FROM refunds").await;
    let event = |amount: u64, refund: i64, payment: i64| {
        let client = till.shop.client.to_string();
        let (payment, refund) = (payment.to_string(), refund.to_string());
        let metadata = json!({ "client_id": client, "payment_id": payment, "refund_id": refund });
        json!({ "id": "evt_1", "type": "refund.failed", "data": { "object": {
            "id": "re_1", "status": "failed", "amount": amount, "currency": "usd",
            "metadata": metadata } } })
    };
    for (provider, event) in [
        ("stripe", event(500, refund, payment)),
        ("simulated", event(501, refund, payment)),
        ("simulated", event(500, refund + 1, payment)),
        ("simulated", event(500, refund, payment + 1)),
    ] {
        inbox::settle(&till.ground, &received(provider, &event)).await.unwrap();
        assert_eq!(till.shop.count("refunds", "status = 'pending'").await, 1);
    }
    let event = received("simulated", &event(500, refund, payment));
    inbox::settle(&till.ground, &event).await.unwrap();
    assert_eq!(till.shop.count("refunds", "status = 'failed'").await, 1);
}

#[tokio::test]
async fn an_event_whose_rows_are_locked_comes_again_and_holds_nobody_up() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let payment = waiting(&till).await;
    let payload = paid(&till, payment).to_string();
    let store = database.store();
    provider_inbox::put(store, Provider::Simulated, "evt_1", &payload).await.unwrap();
    let taken = provider_inbox::take(store, 8).await.unwrap();
    let holder = database.begun("SELECT FROM users FOR UPDATE").await;
    let began = Instant::now();
    let fault = inbox::settle(&till.ground, &taken[0]).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(fault.recovery(), Recovery::SetAside);
    inbox::put_off(&till.ground, &taken[0], &fault).await.unwrap();
    let soon = "SELECT wait_until - clock_timestamp() < interval '2 seconds' FROM provider_inbox";
    assert!(database.value::<bool>(soon).await);
    holder.rollback().await.unwrap();
    inbox::settle(&till.ground, &taken[0]).await.unwrap();
    assert_eq!(till.states().await.0, "succeeded");
}

#[tokio::test]
async fn a_settlement_without_its_rows_is_not_done() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let command =
        SettlePayment { payment_id: PaymentId::new(9), outcome: ChargeOutcome::Succeeded };
    let settled = till.ground.settle_news(till.shop.client, command.into()).await;
    assert!(matches!(settled, Err(Fault::NotSettled)), "{settled:?}");
}

#[tokio::test]
async fn ids_of_settled_events_are_forgotten_after_30_days() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let put = "INSERT INTO provider_inbox (provider, event_id, payload, received_at)
               SELECT 'stripe', days || coalesce(payload, ''), payload,
                   now() - days * interval '1 day'
               FROM (VALUES (29), (31)) AS age (days), (VALUES (NULL), ('{}')) AS body (payload)";
    database.run(put).await;
    inbox::forget_old(&till.ground).await.unwrap();
    let left = "SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM provider_inbox";
    assert_eq!(database.value::<String>(left).await, "29 29{} 31{}");
}
