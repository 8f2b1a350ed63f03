//! What comes of charges that a provider answers.

use super::sample::{Till, add_method, answer, received, subscribe};
use crate::schedule::inbox;
use serde_json::json;
use support::Database;

#[tokio::test]
async fn what_is_paid_is_active_and_charged_once() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let (status, body) = till.answer(subscribe(user)).await;
    assert_eq!((status, &body["status"]), (201, &json!("active")), "{body}");
    assert_eq!(body["payment"]["status"], "succeeded", "{body}");
    assert_eq!(till.charges().await, (1, 1));
    assert_eq!(till.shop.count("effects", "true").await, 0);
    assert_eq!(till.states().await, ("succeeded".to_owned(), "active".to_owned()));
    let transfers = "debit = 'cash' AND credit = 'deferred' AND amount = 1500";
    assert_eq!(till.shop.count("ledger", transfers).await, 1);
}

#[tokio::test]
async fn what_is_declined_is_told_with_the_reason_and_leaves_nothing() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    for (n, (token, code)) in [
        ("sim_declined", "generic_decline"),
        ("sim_hard_declined", "stolen_card"),
        ("sim_insufficient_funds", "insufficient_funds"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = till.payer(&format!("user{n}"), token).await;
        let (status, body) = till.answer(subscribe(user)).await;
        assert_eq!((status, &body["code"]), (402, &json!("payment_declined")), "{body}");
        assert_eq!(body["decline_code"], code, "{body}");
    }
    assert_eq!(till.shop.count("subscriptions", "status = 'expired'").await, 3);
    assert_eq!(till.shop.count("ledger", "true").await, 0);
}

#[tokio::test]
async fn a_method_that_cannot_be_attached_is_declined() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.shop.user("ann").await;
    for (token, code) in [("sim_attach_declined", "generic_decline"), ("tok_visa", "invalid_token")]
    {
        let (status, body) = till.answer(add_method(user, token)).await;
        assert_eq!((status, &body["code"]), (402, &json!("payment_method_declined")), "{body}");
        assert_eq!(body["decline_code"], code, "{body}");
    }
}

#[tokio::test]
async fn what_needs_the_user_waits_for_him_and_a_webhook_settles_it() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_action").await;
    let (status, body) = till.answer(subscribe(user)).await;
    assert_eq!((status, &body["status"]), (201, &json!("pending")), "{body}");
    let payment = &body["payment"];
    assert_eq!(payment["status"], "action_required", "{body}");
    let key: String = database.value("SELECT provider_key FROM simulated_charges").await;
    assert_eq!(payment["action_url"], format!("/simulated-provider/actions/{key}"));

    let event = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
        "id": "pi_1", "status": "succeeded", "amount": 1500, "currency": "usd", "metadata": {
            "client_id": till.shop.client.to_string(), "payment_id": payment["id"].to_string(),
        } } } });
    for expected in ["active", "active"] {
        inbox::settle(&till.ground, &received("simulated", &event)).await.unwrap();
        assert_eq!(till.states().await, ("succeeded".to_owned(), expected.to_owned()));
    }
    let settled = "operation = 'settle_payment' AND idempotency_key LIKE '%:succeeded'";
    assert_eq!(till.shop.count("transactions", settled).await, 1);
    // What a user does not do in his own interest: the answer was given already.
    assert_eq!(till.shop.count("transactions", "status IS NULL").await, 0);
}

#[tokio::test]
async fn a_webhook_may_come_before_our_own_answer() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let begun = till.begin(subscribe(user)).await;
    let payment: i64 = database.value("SELECT id FROM payments").await;
    let event = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
        "id": "pi_1", "status": "succeeded", "amount": 1500, "currency": "usd", "metadata": {
            "client_id": till.shop.client.to_string(), "payment_id": payment.to_string(),
        } } } });
    let settled = inbox::settle(&till.ground, &received("simulated", &event)).await.unwrap();
    assert_eq!(settled.entries.len(), 1);
    let performed = till.perform(&begun).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_none());
    assert_eq!(till.shop.count("effects", "true").await, 0);
    assert_eq!(till.shop.count("grants", "true").await, 1);
}

#[tokio::test]
async fn who_was_killed_after_the_send_is_taken_over_and_money_is_taken_once() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    let begun = till.begin(subscribe(user)).await;
    // The provider has taken the money, and nobody has heard of it.
    let domain::EffectTask::Charge(charge) = &begun.effect.task else { panic!("{begun:?}") };
    assert_eq!(charge.progress.sends, 1);
    let call = crate::provider::Call { client: till.shop.client, what: charge };
    till.ground.providers.charge(call).await;
    assert_eq!(till.states().await, ("sent".to_owned(), "pending".to_owned()));

    let performed = till.go_on(&till.ground).await;
    let (status, body) = answer(&performed);
    assert_eq!((status, &body["status"]), (201, &json!("active")), "{body}");
    assert_eq!(till.charges().await, (1, 2));
}
