//! What is found by listing: page by page, from the newest on.

use super::{Stub, call, charge, intent, list, pay_back};
use crate::provider::{Gateway, Reply};
use domain::{ChargeOutcome, RefundOutcome};
use serde_json::{Value, json};

#[tokio::test]
async fn a_charge_is_looked_up_in_the_list_of_its_customer() {
    let others: Vec<Value> =
        (0..2).map(|n| intent(&format!("pi_{n}"), &n.to_string(), "succeeded")).collect();
    let stub = Stub::answering([
        (200, list(&others, true)),
        (200, list(&[intent("pi_7", "7", "succeeded")], false)),
        (200, list(&others, false)),
    ])
    .await;
    let found = stub.stripe.look_up(call(&charge(true))).await;
    assert_eq!(found, Reply::Said(Some(ChargeOutcome::Succeeded)));
    assert_eq!(stub.stripe.look_up(call(&charge(true))).await, Reply::Said(None));
    let first = "GET /v1/payment_intents?customer=cus_1&limit=100";
    assert_eq!(stub.lines(), [first, &format!("{first}&starting_after=pi_1"), first]);
}

/// Those that were made long before it was sent are not looked through.
#[tokio::test]
async fn the_list_is_read_from_the_newest_on_until_it_is_too_old() {
    let mut old = intent("pi_1", "1", "succeeded");
    old["created"] = json!(1_700_000_000);
    let stub = Stub::answering([(200, list(&[old], true))]).await;
    assert_eq!(stub.stripe.look_up(call(&charge(true))).await, Reply::Said(None));
    assert_eq!(stub.lines().len(), 1);
}

/// A full page of intents of other payments, the last of which has that number.
fn others(last: u32) -> Value {
    let intents = (0..100).map(|n| 1_000_000 + last - 99 + n);
    let intents: Vec<_> =
        intents.map(|n| intent(&format!("pi_{n}"), &n.to_string(), "succeeded")).collect();
    list(&intents, true)
}

/// A customer has more than a hundred intents after years of failed renewals.
#[tokio::test]
async fn a_refund_finds_its_intent_and_itself_on_later_pages() {
    let metadata = |refund: &str| json!({ "client_id": "3", "refund_id": refund });
    let refund = |id: &str, refund: &str| {
        json!({ "id": id, "status": "succeeded",
                                                  "metadata": metadata(refund) })
    };
    let found = list(&[intent("pi_7", "7", "succeeded")], false);
    let customers = ["cus_1".to_owned()];
    let stub = Stub::answering([
        (200, others(99)),
        (200, others(199)),
        (200, found.clone()),
        (200, refund("re_9", "9")),
    ])
    .await;
    let said = stub.stripe.refund(call(&pay_back()), &customers).await;
    assert_eq!(said, Reply::Said(RefundOutcome::Succeeded));
    let first = "GET /v1/payment_intents?customer=cus_1&limit=100";
    let next = |n| format!("{first}&starting_after=pi_{n}");
    let lines = [first.to_owned(), next(1_000_099), next(1_000_199), "POST /v1/refunds".to_owned()];
    assert_eq!(stub.lines(), lines);

    let stub = Stub::answering([
        (200, found.clone()),
        (200, list(&[refund("re_1", "1"), refund("re_2", "2")], true)),
        (200, list(&[refund("re_9", "9")], false)),
        (200, found),
        (200, list(&[refund("re_1", "1")], false)),
    ])
    .await;
    let said = stub.stripe.look_up_refund(call(&pay_back()), &customers).await;
    assert_eq!(said, Reply::Said(Some(RefundOutcome::Succeeded)));
    assert_eq!(stub.stripe.look_up_refund(call(&pay_back()), &customers).await, Reply::Said(None));
    let of = "GET /v1/refunds?payment_intent=pi_7&limit=100";
    assert_eq!(stub.lines(), [first, of, &format!("{of}&starting_after=re_2"), first, of]);
}

/// A list that does not end tells nothing: least of all that it was not made.
#[tokio::test]
async fn after_twenty_pages_nothing_is_known() {
    let stub = Stub::answering((0..20).map(|page| (200, others(100 * page + 99)))).await;
    let said = stub.stripe.look_up(call(&charge(true))).await;
    assert!(matches!(said, Reply::Unknown(_)), "{said:?}");
    assert_eq!(stub.lines().len(), 20);
}
