//! Renewals that are due: paid at their time, or tried again while there is grace.

#![expect(clippy::indexing_slicing, reason = "a test that finds nothing fails")]

use crate::till::{Till, books};
use anyhow::Result;
use e2e::text_of;
use serde_json::{Value, json};

const JANUARY: &str = "2026-01-31T00:00:00Z";
/// A month after that.
const END: &str = "2026-02-28T00:00:00.000000Z";
/// Seven days of grace after that.
const GRACE_UNTIL: &str = "2026-03-07T00:00:00.000000Z";

/// A user with a plan of 1000 a month that is renewed by itself, and the subscription.
async fn renewing(till: &Till) -> Result<(i64, Value)> {
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe_for_good(user, "silver").await?;
    assert_eq!(bought["end_date"], END);
    Ok((user, bought["id"].clone()))
}

#[tokio::test]
async fn a_renewal_is_charged_at_the_end_and_counted_from_the_anchor() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.advance("2026-02-27T23:59:59.999999Z").await?;
    assert_eq!(till.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    till.advance(END).await?;
    let renewed = till.subscription(&id).await?;
    let end = json!("2026-03-31T00:00:00.000000Z");
    assert_eq!((&renewed["status"], &renewed["end_date"]), (&json!("active"), &end));
    let expected = books([("cash", 2000), ("deferred", 1000), ("revenue", 1000)]);
    assert_eq!(till.balances().await?, expected);

    // A leap is as good as small steps: 31 March, 30 April and 31 May are paid for.
    till.advance("2026-06-01T00:00:00Z").await?;
    let renewed = till.subscription(&id).await?;
    assert_eq!(renewed["end_date"], "2026-06-30T00:00:00.000000Z");
    let expected = books([("cash", 5000), ("deferred", 1000), ("revenue", 4000)]);
    assert_eq!(till.balances().await?, expected);
    let payments = till.payments(user).await?;
    let last = payments.last().cloned().unwrap_or_default();
    let shown = ["purpose", "created_at", "settled_at"].map(|name| &last[name]);
    let may = json!("2026-05-31T00:00:00.000000Z");
    assert_eq!(shown, [&json!("renewal"), &may, &may]);
    assert_eq!(till.payment_statuses(user).await?, ["succeeded"; 5]);
    till.done().await
}

#[tokio::test]
async fn a_declined_renewal_is_tried_again_after_1_3_and_5_days_and_then_it_is_over() -> Result<()>
{
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.pay_by(user, "sim_declined").await?;
    till.advance(END).await?;
    let failed = till.subscription(&id).await?;
    let shown = ["status", "end_date", "grace_until"].map(|name| &failed[name]);
    assert_eq!(shown, [&json!("past_due"), &json!(END), &json!(GRACE_UNTIL)]);
    assert_eq!(failed["payment"]["status"], "declined");
    let entitlement = till.get(&format!("/users/{user}/entitlement")).await?;
    let shown = ["entitled", "status", "until"].map(|name| &entitlement[name]);
    assert_eq!(shown, [&json!(true), &json!("past_due"), &json!(GRACE_UNTIL)]);

    for (at, declined) in [
        ("2026-02-28T23:59:59Z", 1),
        ("2026-03-01T00:00:00Z", 2),
        ("2026-03-02T23:59:59Z", 2),
        ("2026-03-03T00:00:00Z", 3),
        ("2026-03-05T00:00:00Z", 4),
        ("2026-03-06T23:59:59Z", 4),
    ] {
        till.advance(at).await?;
        let statuses = till.payment_statuses(user).await?;
        assert_eq!(
            statuses.iter().filter(|status| *status == "declined").count(),
            declined,
            "{at}"
        );
        assert_eq!(till.subscription(&id).await?["status"], "past_due", "{at}");
    }
    till.advance(GRACE_UNTIL).await?;
    let over = till.subscription(&id).await?;
    assert_eq!((&over["status"], &over["end_date"]), (&json!("expired"), &json!(END)));
    assert_eq!(till.balances().await?, books([("cash", 1000), ("revenue", 1000)]));
    till.advance("2026-04-01T00:00:00Z").await?;
    assert_eq!(till.payments(user).await?.len(), 5);
    till.done().await
}

#[tokio::test]
async fn a_new_default_method_is_charged_at_once_and_no_days_are_lost() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.pay_by(user, "sim_insufficient_funds").await?;
    till.advance("2026-03-04T00:00:00Z").await?;
    assert_eq!(till.subscription(&id).await?["status"], "past_due");
    till.pay_by(user, "sim_ok").await?;
    let saved = till.until_status(&id, "active").await?;
    assert_eq!(saved["end_date"], "2026-03-31T00:00:00.000000Z");
    assert_eq!(saved["grace_until"], Value::Null);
    let expected = books([("cash", 2000), ("deferred", 1000), ("revenue", 1000)]);
    assert_eq!(till.balances().await?, expected);
    // What was still to be tried is not.
    till.advance("2026-03-10T00:00:00Z").await?;
    assert_eq!(till.balances().await?, expected);
    till.done().await
}

#[tokio::test]
async fn a_hard_decline_is_not_tried_again() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.pay_by(user, "sim_hard_declined").await?;
    till.advance("2026-03-06T00:00:00Z").await?;
    assert_eq!(till.payment_statuses(user).await?, ["succeeded", "declined"]);
    assert_eq!(till.subscription(&id).await?["status"], "past_due");
    till.advance(GRACE_UNTIL).await?;
    assert_eq!(till.subscription(&id).await?["status"], "expired");
    till.done().await
}

/// A user who is not there cannot confirm anything.
#[tokio::test]
async fn a_renewal_that_would_have_to_be_confirmed_is_a_hard_decline() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.pay_by(user, "sim_action").await?;
    till.advance("2026-03-06T00:00:00Z").await?;
    let payments = till.payments(user).await?;
    assert_eq!(payments.len(), 2, "{payments:?}");
    assert_eq!(payments[1]["decline_code"], "authentication_required");
    assert_eq!(till.subscription(&id).await?["status"], "past_due");
    till.done().await
}

#[tokio::test]
async fn without_a_method_there_is_grace_and_no_payment() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    let methods = till.get(&format!("/payment-methods?user_id={user}")).await?;
    let body = json!({"payment_method_id": methods["payment_methods"][0]["id"]});
    till.post("/payment-methods/detach", &body).await?.json(200)?;
    till.advance(END).await?;
    assert_eq!(till.subscription(&id).await?["status"], "past_due");
    assert_eq!(till.payments(user).await?.len(), 1);
    // The first method of a user is the default, and is charged at once.
    till.add_method(user, "sim_ok").await?;
    let saved = till.until_status(&id, "active").await?;
    assert_eq!(text_of(&saved, "end_date")?, "2026-03-31T00:00:00.000000Z");
    till.done().await
}

#[tokio::test]
async fn a_renewal_by_hand_makes_it_good() -> Result<()> {
    let till = Till::at(JANUARY).await?;
    let (user, id) = renewing(&till).await?;
    till.pay_by(user, "sim_hard_declined").await?;
    till.advance("2026-03-02T00:00:00Z").await?;
    let renewal = json!({"subscription_id": id});
    till.post("/renew", &renewal).await?.refusal(402, "payment_declined")?;
    let switch = json!({"subscription_id": id, "auto_renew": true});
    till.post("/pause", &renewal).await?.refusal(409, "subscription_not_active")?;
    let _ = till.post("/auto-renew", &switch).await?;
    let methods = till.get(&format!("/payment-methods?user_id={user}")).await?;
    assert_eq!(methods["payment_methods"].as_array().map(Vec::len), Some(2));
    till.pay_by(user, "sim_ok").await?;
    till.until_status(&id, "active").await?;
    // 1000 in January, 1000 for February; and now one more for March.
    till.post("/renew", &renewal).await?.json(200)?;
    let expected = books([("cash", 3000), ("deferred", 2000), ("revenue", 1000)]);
    assert_eq!(till.balances().await?, expected);
    let renewed = till.subscription(&id).await?;
    assert_eq!(renewed["end_date"], "2026-04-30T00:00:00.000000Z");
    till.done().await
}
