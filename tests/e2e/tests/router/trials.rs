//! Trials: what costs nothing at first.

use crate::till::{Till, books};
use anyhow::Result;
use serde_json::{Value, json};

const JUNE: &str = "2026-06-01T00:00:00Z";
/// Fourteen days later.
const TRIAL_END: &str = "2026-06-15T00:00:00.000000Z";

#[tokio::test]
async fn a_trial_costs_nothing_and_the_first_period_is_paid_at_its_end() -> Result<()> {
    let till = Till::at(JUNE).await?;
    till.sell("gold", 2000, 14).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let begun = till.subscribe(user, "gold").await?.json(201)?;
    let shown = ["status", "trial_end", "end_date", "payment", "trial_used"];
    let trialing = json!("trialing");
    assert_eq!(
        shown.map(|name| &begun[name]),
        [&trialing, &json!(TRIAL_END), &json!(TRIAL_END), &Value::Null, &Value::Null]
    );
    let entitlement = till.get(&format!("/users/{user}/entitlement")).await?;
    let shown = ["entitled", "status", "source", "will_renew"].map(|name| &entitlement[name]);
    assert_eq!(shown, [&json!(true), &trialing, &json!("trial"), &json!(true)]);
    assert_eq!(entitlement["features"], json!(["gold"]));

    till.advance("2026-06-14T23:59:59Z").await?;
    assert!(till.payments(user).await?.is_empty());
    till.advance("2026-06-15T00:00:00Z").await?;
    let paid = till.subscription(&begun["id"]).await?;
    let end = json!("2026-07-15T00:00:00.000000Z");
    let shown = ["status", "trial_end", "end_date"].map(|name| &paid[name]);
    assert_eq!(shown, [&json!("active"), &json!(TRIAL_END), &end]);
    let payments = till.payments(user).await?;
    assert_eq!(payments.len(), 1, "{payments:?}");
    let first = ["amount", "status", "purpose", "settled_at"].map(|name| &payments[0][name]);
    assert_eq!(first, [&json!(2000), &json!("succeeded"), &json!("renewal"), &json!(TRIAL_END)]);
    assert_eq!(till.balances().await?, books([("cash", 2000), ("deferred", 2000)]));

    // It is not renewed by itself: auto_renew is off.
    till.advance("2026-07-15T00:00:00Z").await?;
    assert_eq!(till.subscription(&begun["id"]).await?["status"], "expired");
    assert_eq!(till.balances().await?, books([("cash", 2000), ("revenue", 2000)]));
    till.done().await
}

#[tokio::test]
async fn a_trial_without_a_payment_method_ends_with_it() -> Result<()> {
    let till = Till::at(JUNE).await?;
    till.sell("gold", 2000, 14).await?;
    let user = till.client.create_user("ada@a.org").await?;
    let begun = till.subscribe(user, "gold").await?.json(201)?;
    let entitlement = till.get(&format!("/users/{user}/entitlement")).await?;
    let shown = ["will_renew", "until"].map(|name| &entitlement[name]);
    assert_eq!(shown, [&json!(false), &json!(TRIAL_END)]);
    till.advance(TRIAL_END).await?;
    assert_eq!(till.subscription(&begun["id"]).await?["status"], "expired");
    assert!(till.payments(user).await?.is_empty());

    // A method that comes in time makes the difference.
    let other = till.client.create_user("bea@a.org").await?;
    let begun = till.subscribe(other, "gold").await?.json(201)?;
    till.advance("2026-06-20T00:00:00Z").await?;
    till.add_method(other, "sim_ok").await?;
    let entitlement = till.get(&format!("/users/{other}/entitlement")).await?;
    assert_eq!(entitlement["will_renew"], true);
    till.advance("2026-06-29T00:00:00Z").await?;
    assert_eq!(till.subscription(&begun["id"]).await?["status"], "active");
    till.done().await
}

#[tokio::test]
async fn nobody_has_two_trials_of_a_tier() -> Result<()> {
    let till = Till::at(JUNE).await?;
    till.sell("gold", 2000, 14).await?;
    till.sell("silver", 1000, 7).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let begun = till.subscribe(user, "gold").await?.json(201)?;
    let cancel = json!({"subscription_id": begun["id"]});
    assert_eq!(till.post("/cancel", &cancel).await?.json(200)?["status"], "cancelled");

    let asked = json!({"user_id": user, "plan": "gold", "trial": true});
    till.post("/subscribe", &asked).await?.refusal(409, "trial_not_available")?;
    assert!(till.payments(user).await?.is_empty());
    let bought = till.subscribe(user, "gold").await?.json(201)?;
    let shown = ["status", "trial_end", "trial_used"].map(|name| &bought[name]);
    assert_eq!(shown, [&json!("active"), &Value::Null, &json!(true)]);
    assert_eq!(bought["payment"]["amount"], 2000);
    till.post("/cancel", &json!({"subscription_id": bought["id"]})).await?.json(200)?;

    // Another tier has its own, and who wants none is charged at once.
    let declined = json!({"user_id": user, "plan": "silver", "trial": false});
    let bought = till.post("/subscribe", &declined).await?.json(201)?;
    let shown = ["status", "trial_used"].map(|name| &bought[name]);
    assert_eq!(shown, [&json!("active"), &Value::Null]);
    till.post("/cancel", &json!({"subscription_id": bought["id"]})).await?.json(200)?;
    let asked = json!({"user_id": user, "plan": "silver", "trial": true});
    assert_eq!(till.post("/subscribe", &asked).await?.json(201)?["status"], "trialing");

    // The same person with a tag in the email.
    let again = till.user_with("ada+2@a.org", "sim_ok").await?;
    let bought = till.subscribe(again, "gold").await?.json(201)?;
    let shown = ["status", "trial_used"].map(|name| &bought[name]);
    assert_eq!(shown, [&json!("active"), &json!(true)]);
    till.done().await
}

#[tokio::test]
async fn a_trial_that_is_cancelled_at_its_end_is_not_paid() -> Result<()> {
    let till = Till::at(JUNE).await?;
    till.sell("gold", 2000, 14).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let begun = till.subscribe(user, "gold").await?.json(201)?;
    let at_end = json!({"subscription_id": begun["id"], "at_period_end": true});
    let flagged = till.post("/cancel", &at_end).await?.json(200)?;
    let shown = ["status", "cancel_at_period_end"].map(|name| &flagged[name]);
    assert_eq!(shown, [&json!("trialing"), &json!(true)]);
    till.advance(TRIAL_END).await?;
    assert_eq!(till.subscription(&begun["id"]).await?["status"], "cancelled");
    assert!(till.payments(user).await?.is_empty());
    till.done().await
}

/// Nothing is paid for a trial, but its plan costs euros.
#[tokio::test]
async fn a_gift_of_another_currency_waits_behind_a_trial_of_its_tier() -> Result<()> {
    let till = Till::at(JUNE).await?;
    for (code, currency, trial_days) in [("euros", "EUR", 14), ("dollars", "USD", 0)] {
        let plan = json!({"name": code, "tier": "silver", "interval": "month",
                          "price": {"amount": 1000, "currency": currency},
                          "trial_days": trial_days});
        till.put(code, &plan).await?;
    }
    let bea = till.client.create_user("bea@a.org").await?;
    till.subscribe(bea, "euros").await?.json(201)?;
    for (plan, queued) in [("dollars", true), ("euros", false)] {
        let giver = till.user_with(&format!("{plan}@a.org"), "sim_ok").await?;
        let give = json!({"gifter_id": giver, "recipient_email": "bea@a.org", "plan": plan});
        let gift = till.post("/gift", &give).await?.json(201)?;
        let redeemed = till.client.redeem(&gift["id"], bea).await?.json(200)?;
        assert_eq!(redeemed["queued"], queued, "{plan}");
    }
    till.done().await
}
