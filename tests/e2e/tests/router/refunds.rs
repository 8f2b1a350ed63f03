//! Money that is paid back.

#![expect(clippy::indexing_slicing, reason = "a test that finds nothing fails")]

use crate::till::{Till, books};
use anyhow::Result;
use serde_json::{Value, json};

/// A user who has paid 1000 for a month, the payment, and the subscription.
async fn paid(till: &Till) -> Result<(i64, Value, Value)> {
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    Ok((user, bought["payment"]["id"].clone(), bought["id"].clone()))
}

#[tokio::test]
async fn a_payment_is_paid_back_in_parts_and_never_more_than_was_paid() -> Result<()> {
    let till = Till::live().await?;
    let (_, payment, subscription) = paid(&till).await?;
    let body = json!({"payment_id": payment, "amount": 300});
    let refund = till.post("/refund", &body).await?.json(201)?;
    let shown = ["payment_id", "amount", "currency", "status"].map(|name| &refund[name]);
    assert_eq!(shown, [&payment, &json!(300), &json!("USD"), &json!("succeeded")]);
    assert_eq!(till.balances().await?, books([("cash", 700), ("deferred", 700)]));
    let path = format!("/payments/{payment}");
    assert_eq!(till.get(&path).await?["refunded"], 300);
    assert_eq!(till.subscription(&subscription).await?["status"], "active");

    let body = json!({"payment_id": payment, "amount": 701});
    let refused = till.post("/refund", &body).await?.refusal(422, "refund_too_large")?;
    assert_eq!(refused["amount_max"], 700);
    // All that is left, and what was bought ends.
    let body = json!({"payment_id": payment, "cancel": true});
    assert_eq!(till.post("/refund", &body).await?.json(201)?["amount"], 700);
    assert_eq!(till.balances().await?, books([]));
    assert_eq!(till.subscription(&subscription).await?["status"], "cancelled");
    let after = till.get(&path).await?;
    assert_eq!((&after["refunded"], &after["status"]), (&json!(1000), &json!("succeeded")));
    till.post("/refund", &body).await?.refusal(409, "payment_not_refundable")?;
    let unknown = json!({"payment_id": 999_999});
    till.post("/refund", &unknown).await?.refusal(404, "payment_not_found")?;
    for amount in [json!(0), json!(-1), json!(1.5), json!("1")] {
        let wrong = json!({"payment_id": payment, "amount": amount});
        assert_eq!(till.post("/refund", &wrong).await?.invalid_fields()?, ["amount"]);
    }
    till.done().await
}

#[tokio::test]
async fn what_was_earned_and_is_paid_back_is_a_loss() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    let (_, payment, subscription) = paid(&till).await?;
    till.advance("2026-05-01T00:00:00Z").await?;
    assert_eq!(till.subscription(&subscription).await?["status"], "expired");
    assert_eq!(till.balances().await?, books([("cash", 1000), ("revenue", 1000)]));
    let body = json!({"payment_id": payment, "amount": 400});
    till.post("/refund", &body).await?.json(201)?;
    let expected = books([("cash", 600), ("refund_loss", 400), ("revenue", 1000)]);
    assert_eq!(till.balances().await?, expected);
    till.done().await
}

#[tokio::test]
async fn a_cancellation_earns_what_is_left_and_a_refund_after_it_is_a_loss() -> Result<()> {
    let till = Till::live().await?;
    let (_, payment, subscription) = paid(&till).await?;
    let cancel = json!({"subscription_id": subscription});
    till.post("/cancel", &cancel).await?.json(200)?;
    assert_eq!(till.balances().await?, books([("cash", 1000), ("revenue", 1000)]));
    till.post("/refund", &json!({"payment_id": payment})).await?.json(201)?;
    assert_eq!(till.balances().await?, books([("refund_loss", 1000), ("revenue", 1000)]));
    till.done().await
}

#[tokio::test]
async fn a_declined_payment_has_nothing_to_be_paid_back() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_declined").await?;
    let refused = till.subscribe(user, "silver").await?.refusal(402, "payment_declined")?;
    let body = json!({"payment_id": refused["payment"]["id"]});
    till.post("/refund", &body).await?.refusal(409, "payment_not_refundable")?;
    till.done().await
}

#[tokio::test]
async fn a_gift_that_is_paid_back_cannot_be_redeemed_any_more() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let ada = till.user_with("ada@a.org", "sim_ok").await?;
    let bea = till.client.create_user("bea@a.org").await?;
    let give = json!({"gifter_id": ada, "recipient_email": "bea@a.org", "plan": "silver"});
    let gift = till.post("/gift", &give).await?.json(201)?;
    let payment = &gift["payment"]["id"];
    let part = json!({"payment_id": payment, "amount": 999});
    till.post("/refund", &part).await?.refusal(422, "refund_partial_gift")?;
    let whole = json!({"payment_id": payment});
    assert_eq!(till.post("/refund", &whole).await?.json(201)?["status"], "succeeded");
    assert_eq!(till.balances().await?, books([]));
    let path = format!("/gifts/{}", gift["id"]);
    assert_eq!(till.get(&path).await?["status"], "cancelled");
    till.client.redeem(&gift["id"], bea).await?.refusal(410, "gift_cancelled")?;
    till.post("/refund", &whole).await?.refusal(409, "payment_not_refundable")?;
    till.done().await
}

/// 30 days are given, 12 of them are over: of 1000 paid, 600 are unserved, and 400 are a loss.
#[tokio::test]
async fn of_a_redeemed_gift_that_is_paid_back_what_is_not_served_goes() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let ada = till.user_with("ada@a.org", "sim_ok").await?;
    let bea = till.client.create_user("bea@a.org").await?;
    let give = json!({"gifter_id": ada, "recipient_email": "bea@a.org", "plan": "silver"});
    let gift = till.post("/gift", &give).await?.json(201)?;
    let redeemed = till.client.redeem(&gift["id"], bea).await?.json(200)?;
    assert_eq!(redeemed["end_date"], "2026-05-01T00:00:00.000000Z");
    till.advance("2026-04-13T00:00:00Z").await?;
    till.post("/refund", &json!({"payment_id": gift["payment"]["id"]})).await?.json(201)?;
    // deferred 1000 and refund_loss 1000 - 600 are debited; cash 1000 and revenue 1000 - 600
    // credited.
    assert_eq!(till.balances().await?, books([("refund_loss", 400), ("revenue", 400)]));
    let ended = till.subscription(&redeemed["subscription_id"]).await?;
    assert_eq!(ended["status"], "expired");
    let entitlement = till.get(&format!("/users/{bea}/entitlement")).await?;
    assert_eq!(entitlement["entitled"], false);
    till.done().await
}

/// Where time stands still nothing of it was served.
#[tokio::test]
async fn who_had_a_gift_that_was_paid_back_at_once_is_shown_what_it_was() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let ada = till.user_with("ada@a.org", "sim_ok").await?;
    let bea = till.client.create_user("bea@a.org").await?;
    let give = json!({"gifter_id": ada, "recipient_email": "bea@a.org", "plan": "silver"});
    let gift = till.post("/gift", &give).await?.json(201)?;
    let redeemed = till.client.redeem(&gift["id"], bea).await?.json(200)?;
    let too_much = json!({"payment_id": gift["payment"]["id"], "amount": 1001});
    till.post("/refund", &too_much).await?.refusal(422, "refund_too_large")?;
    till.post("/refund", &json!({"payment_id": gift["payment"]["id"]})).await?.json(201)?;
    assert_eq!(till.balances().await?, books([]));
    let ended = till.subscription(&redeemed["subscription_id"]).await?;
    let known = ["status", "start_date", "end_date"].map(|member| &ended[member]);
    assert_eq!(known, [&json!("expired"), &redeemed["start_date"], &redeemed["start_date"]]);
    let shown = till.get(&format!("/users/{bea}/entitlement")).await?;
    let known = ["entitled", "status", "plan", "until"].map(|member| shown[member].clone());
    assert_eq!(known, [json!(false), json!("expired"), json!("silver"), Value::Null]);
    till.done().await
}
