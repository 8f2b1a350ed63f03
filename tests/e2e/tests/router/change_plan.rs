//! Changes of plan, with amounts computed by hand. April has 30 days; the change is made after 15.

#![expect(clippy::indexing_slicing, reason = "a test that finds nothing fails")]

use crate::till::{Till, books};
use anyhow::Result;
use serde_json::{Value, json};

const APRIL: &str = "2026-04-01T00:00:00Z";
const MIDDLE: &str = "2026-04-16T00:00:00Z";
const MAY: &str = "2026-05-01T00:00:00.000000Z";

/// A shop with plans of 500, 1000 and 2000 a month and one of 12000 a year, and a user of one of
/// them since the beginning of April.
async fn user_of(plan: &str, auto_renew: bool) -> Result<(Till, i64, Value)> {
    let till = Till::at(APRIL).await?;
    for (code, amount) in [("bronze", 500), ("silver", 1000), ("gold", 2000)] {
        till.sell(code, amount, 0).await?;
    }
    let yearly = json!({"name": "Silver", "tier": "silver", "interval": "year",
                        "price": {"amount": 12_000, "currency": "USD"}});
    till.put("silver-yearly", &yearly).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let body = json!({"user_id": user, "plan": plan, "auto_renew": auto_renew});
    let id = till.post("/subscribe", &body).await?.json(201)?["id"].clone();
    Ok((till, user, id))
}

fn change(id: &Value, plan: &str, when: &str) -> Value {
    json!({"subscription_id": id, "plan": plan, "when": when})
}

/// U = 500 · 15/30 = 250, N = 1000 · 15/30 = 500: 250 are charged.
#[tokio::test]
async fn a_dearer_plan_is_had_at_once_and_the_difference_charged() -> Result<()> {
    let (till, user, id) = user_of("bronze", false).await?;
    till.advance(MIDDLE).await?;
    let body = json!({"subscription_id": id, "plan": "silver"});
    let changed = till.post("/change-plan", &body).await?.json(200)?;
    let shown = ["plan", "status", "end_date"].map(|name| &changed[name]);
    assert_eq!(shown, [&json!("silver"), &json!("active"), &json!(MAY)]);
    let payment = ["amount", "cash", "purpose", "status"].map(|name| &changed["payment"][name]);
    let succeeded = json!("succeeded");
    assert_eq!(payment, [&json!(250), &json!(250), &json!("change_plan"), &succeeded]);
    let expected = books([("cash", 750), ("deferred", 500), ("revenue", 250)]);
    assert_eq!(till.balances().await?, expected);
    let entitlement = till.get(&format!("/users/{user}/entitlement")).await?;
    assert_eq!((&entitlement["tier"], &entitlement["until"]), (&json!("silver"), &json!(MAY)));
    till.advance(MAY).await?;
    assert_eq!(till.balances().await?, books([("cash", 750), ("revenue", 750)]));
    till.done().await
}

/// U = 1000 · 15/30 = 500, N = 500 · 15/30 = 250: 250 go to the credit, and pay half of a renewal.
#[tokio::test]
async fn what_a_cheaper_plan_leaves_is_credit_and_is_spent_first() -> Result<()> {
    let (till, user, id) = user_of("silver", false).await?;
    till.advance(MIDDLE).await?;
    let changed = till.post("/change-plan", &change(&id, "bronze", "now")).await?.json(200)?;
    assert_eq!((&changed["plan"], &changed["end_date"]), (&json!("bronze"), &json!(MAY)));
    assert_eq!(till.credit(user).await?, 250);
    let account = format!("credit:{user}");
    let expected = books([("cash", 1000), (&account, 250), ("deferred", 250), ("revenue", 500)]);
    assert_eq!(till.balances().await?, expected);

    let renewal = json!({"subscription_id": id});
    let renewed = till.post("/renew", &renewal).await?.json(200)?;
    let payment = ["amount", "cash", "credit"].map(|name| &renewed["payment"][name]);
    assert_eq!(payment, [&json!(500), &json!(250), &json!(250)]);
    assert_eq!(till.credit(user).await?, 0);
    let expected = books([("cash", 1250), ("deferred", 750), ("revenue", 500)]);
    assert_eq!(till.balances().await?, expected);
    till.done().await
}

/// U = 1000 · 15/30 = 500, and the year costs 12000 from now on: 11500 are charged.
#[tokio::test]
async fn another_interval_begins_anew() -> Result<()> {
    let (till, _, id) = user_of("silver", false).await?;
    till.advance(MIDDLE).await?;
    let changed =
        till.post("/change-plan", &change(&id, "silver-yearly", "now")).await?.json(200)?;
    let end = json!("2027-04-16T00:00:00.000000Z");
    assert_eq!((&changed["plan"], &changed["end_date"]), (&json!("silver-yearly"), &end));
    assert_eq!(changed["payment"]["amount"], 11_500);
    let expected = books([("cash", 12_500), ("deferred", 12_000), ("revenue", 500)]);
    assert_eq!(till.balances().await?, expected);
    till.done().await
}

#[tokio::test]
async fn a_cheaper_plan_waits_for_the_end_and_is_renewed_at_its_own_price() -> Result<()> {
    let (till, user, id) = user_of("silver", true).await?;
    till.advance(MIDDLE).await?;
    let body = json!({"subscription_id": id, "plan": "bronze"});
    let waiting = till.post("/change-plan", &body).await?.json(200)?;
    assert_eq!((&waiting["plan"], &waiting["payment"]), (&json!("silver"), &Value::Null));
    assert_eq!(waiting["scheduled_change"], json!({"plan": "bronze", "at": MAY}));
    assert_eq!(till.credit(user).await?, 0);

    // Another request takes its place, and one for its own plan takes it back.
    let other = till.post("/change-plan", &change(&id, "gold", "period_end")).await?.json(200)?;
    assert_eq!(other["scheduled_change"]["plan"], "gold");
    let kept = till.post("/change-plan", &change(&id, "silver", "auto")).await?.json(200)?;
    assert_eq!(kept["scheduled_change"], Value::Null);
    let own = till.post("/change-plan", &change(&id, "silver", "auto")).await?;
    own.refusal(409, "plan_unchanged")?;
    till.post("/change-plan", &body).await?.json(200)?;

    till.advance(MAY).await?;
    let renewed = till.subscription(&id).await?;
    let shown = ["plan", "end_date", "scheduled_change"].map(|name| &renewed[name]);
    let end = json!("2026-06-01T00:00:00.000000Z");
    assert_eq!(shown, [&json!("bronze"), &end, &Value::Null]);
    let expected = books([("cash", 1500), ("deferred", 500), ("revenue", 1000)]);
    assert_eq!(till.balances().await?, expected);
    till.done().await
}

#[tokio::test]
async fn a_change_that_waits_is_shown_also_if_nothing_is_renewed_by_itself() -> Result<()> {
    let (till, _, id) = user_of("silver", false).await?;
    let waiting =
        till.post("/change-plan", &change(&id, "bronze", "period_end")).await?.json(200)?;
    assert_eq!(waiting["scheduled_change"], json!({"plan": "bronze", "at": MAY}));
    assert_eq!(waiting["auto_renew"], false);
    till.done().await
}

#[tokio::test]
async fn a_declined_change_changes_nothing() -> Result<()> {
    let (till, user, id) = user_of("bronze", false).await?;
    till.advance(MIDDLE).await?;
    till.pay_by(user, "sim_declined").await?;
    let before = till.subscription(&id).await?;
    let refused = till.post("/change-plan", &change(&id, "gold", "now")).await?;
    let refused = refused.refusal(402, "payment_declined")?;
    // N = 2000 · 15/30 = 1000, U = 250.
    assert_eq!(refused["payment"]["amount"], 750);
    let after = till.subscription(&id).await?;
    let same = ["plan", "status", "end_date", "scheduled_change"];
    assert_eq!(same.map(|name| &after[name]), same.map(|name| &before[name]));
    assert_eq!(till.balances().await?, books([("cash", 500), ("deferred", 500)]));
    till.done().await
}

#[tokio::test]
async fn a_trial_changes_its_plan_without_money() -> Result<()> {
    let till = Till::at(APRIL).await?;
    till.sell("silver", 1000, 14).await?;
    till.sell("gold", 2000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let begun = till.subscribe(user, "silver").await?.json(201)?;
    let changed =
        till.post("/change-plan", &change(&begun["id"], "gold", "now")).await?.json(200)?;
    let shown = ["status", "plan", "trial_end"].map(|name| &changed[name]);
    assert_eq!(shown, [&json!("trialing"), &json!("gold"), &begun["trial_end"]]);
    till.advance("2026-04-15T00:00:00Z").await?;
    assert_eq!(till.balances().await?, books([("cash", 2000), ("deferred", 2000)]));
    till.done().await
}

#[tokio::test]
async fn what_does_not_fit_is_refused() -> Result<()> {
    let (till, _, id) = user_of("silver", false).await?;
    let euro = json!({"name": "Euro", "tier": "euro", "interval": "month",
                      "price": {"amount": 1000, "currency": "EUR"}});
    till.put("euro", &euro).await?;
    let unknown = json!({"subscription_id": 999_999, "plan": "gold"});
    till.post("/change-plan", &unknown).await?.refusal(404, "subscription_not_found")?;
    till.post("/change-plan", &change(&id, "none", "now")).await?.refusal(422, "unknown_plan")?;
    let other = till.post("/change-plan", &change(&id, "euro", "now")).await?;
    assert_eq!(other.refusal(422, "currency_mismatch")?["currency"], "USD");
    let wrong = till.post("/change-plan", &change(&id, "gold", "tomorrow")).await?;
    assert_eq!(wrong.invalid_fields()?, ["when"]);
    till.post("/pause", &json!({"subscription_id": id})).await?.json(200)?;
    let paused = till.post("/change-plan", &change(&id, "gold", "now")).await?;
    assert_eq!(paused.refusal(409, "subscription_not_active")?["current_status"], "paused");
    till.done().await
}
