//! Previews: what a command would do, without doing it.

use crate::till::{Till, books};
use anyhow::Result;
use e2e::{Answer, Client, WithDatabase};
use reqwest::Method;
use serde_json::{Value, json};

/// A preview has no key.
async fn preview(client: &Client, body: &Value) -> Result<Answer> {
    client.send(client.request(Method::POST, "/preview").json(body)).await
}

#[tokio::test]
async fn a_purchase_is_shown_with_its_charge_and_without_ids() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    till.sell("gold", 2000, 14).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let reader = till.stack.create_key("demo", "read").await?;
    let reader = till.client.with_api_key(&reader);
    let body = json!({"operation": "subscribe", "user_id": user, "plan": "silver",
                      "duration_months": 2});
    let shown = preview(&reader, &body).await?.json(200)?;
    let charge = json!({"amount": 2000, "cash": 2000, "credit": 0, "currency": "USD"});
    assert_eq!((&shown["operation"], &shown["status"]), (&json!("subscribe"), &json!(201)));
    assert_eq!((&shown["charge"], &shown["to_credit"]), (&charge, &json!(0)));
    assert_eq!(shown.get("error"), None);
    let result = &shown["result"];
    let members = ["id", "status", "user_id", "end_date"].map(|name| &result[name]);
    let end = json!("2026-06-01T00:00:00.000000Z");
    assert_eq!(members, [&Value::Null, &json!("active"), &json!(user), &end]);
    let payment = ["id", "subscription_id", "status"].map(|name| &result["payment"][name]);
    assert_eq!(payment, [&Value::Null, &Value::Null, &json!("succeeded")]);

    let body = json!({"operation": "subscribe", "user_id": user, "plan": "gold"});
    let trial = preview(&reader, &body).await?.json(200)?;
    let shown = (&trial["result"]["status"], &trial["charge"]);
    assert_eq!(shown, (&json!("trialing"), &Value::Null));

    // Nothing was done.
    let rows = "SELECT (SELECT count(*) FROM subscriptions) + (SELECT count(*) FROM payments) \
                + (SELECT count(*) FROM simulated_charges) + (SELECT count(*) FROM ledger)";
    assert_eq!(till.stack.count(rows).await?, 0);
    till.done().await
}

#[tokio::test]
async fn a_change_of_plan_is_shown_with_what_it_costs_or_leaves() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    for (code, amount) in [("bronze", 500), ("silver", 1000), ("gold", 2000)] {
        till.sell(code, amount, 0).await?;
    }
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    till.advance("2026-04-16T00:00:00Z").await?;
    let change = |plan: &str| {
        json!({"operation": "change_plan", "subscription_id": bought["id"], "plan": plan,
               "when": "now"})
    };
    // U = 500; N = 1000 for gold, and 250 for bronze.
    let dearer = preview(&till.client, &change("gold")).await?.json(200)?;
    let expected = json!({"amount": 500, "cash": 500, "credit": 0, "currency": "USD"});
    assert_eq!((&dearer["status"], &dearer["charge"]), (&json!(200), &expected));
    let result = ["id", "plan"].map(|name| &dearer["result"][name]);
    assert_eq!(result, [&bought["id"], &json!("gold")]);
    let cheaper = preview(&till.client, &change("bronze")).await?.json(200)?;
    assert_eq!((&cheaper["charge"], &cheaper["to_credit"]), (&Value::Null, &json!(250)));

    let refused = preview(&till.client, &change("silver")).await?.json(200)?;
    assert_eq!(
        (&refused["status"], &refused["error"]["code"]),
        (&json!(409), &json!("plan_unchanged"))
    );
    assert_eq!((refused.get("result"), refused["error"].get("instance")), (None, None));
    assert_eq!(till.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    assert_eq!(till.subscription(&bought["id"]).await?, bought);
    till.done().await
}

#[tokio::test]
async fn the_body_is_checked_as_that_of_the_operation() -> Result<()> {
    let till = Till::live().await?;
    for (body, fields) in [
        (json!({"user_id": 1, "plan": "monthly"}), vec!["operation"]),
        (json!({"operation": "buy"}), vec!["operation"]),
        (json!({"operation": 1}), vec!["operation"]),
        (json!({"operation": "subscribe"}), vec!["plan", "user_id"]),
        (
            json!({"operation": "renew", "subscription_id": "1", "foo": 1}),
            vec!["foo", "subscription_id"],
        ),
        (json!({"operation": "refund", "payment_id": 1, "amount": 0}), vec!["amount"]),
    ] {
        assert_eq!(preview(&till.client, &body).await?.invalid_fields()?, fields, "{body}");
    }
    let unknown = json!({"operation": "subscribe", "user_id": 999_999, "plan": "monthly"});
    let shown = preview(&till.client, &unknown).await?.json(200)?;
    assert_eq!(
        (&shown["status"], &shown["error"]["code"]),
        (&json!(404), &json!("user_not_found"))
    );
    assert_eq!(shown["charge"], Value::Null);
    till.done().await
}
