//! What is paid when it cannot be had any more.

use crate::till::{SOON, Till, books};
use anyhow::Result;
use e2e::{eventually_true, fresh_key};
use serde_json::{Value, json};

#[tokio::test]
async fn a_renewal_that_is_paid_after_a_cancellation_is_refused_and_paid_back() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    till.pay_by(user, "sim_slow_4000").await?;
    let named = json!({"subscription_id": bought["id"]});
    let job = till.client.submit("/renew", &fresh_key(), &named).await?;
    eventually_true("it is being charged", SOON, async || {
        let now = till.subscription(&bought["id"]).await?;
        Ok(now.pointer("/payment/status") == Some(&json!("processing")))
    })
    .await?;
    till.post("/cancel", &named).await?.json(200)?;

    let done = till.client.finished_job(&job, SOON).await?;
    let error = &done["error"];
    let told = ["code", "current_status"].map(|name| &error[name]);
    assert_eq!(told, ["subscription_not_active", "cancelled"], "{done}");
    let payment = &error["payment"];
    let words = (&payment["purpose"], &payment["status"]);
    assert_eq!(words, (&json!("renew"), &json!("succeeded")), "{done}");
    assert_eq!((&done["status"], &done["result"]), (&json!("failed"), &Value::Null));
    let path = format!("/payments/{}", payment["id"]);
    eventually_true("it is paid back", SOON, async || {
        Ok(till.get(&path).await?["refunded"] == 1000)
    })
    .await?;
    // What was bought before is earned: nobody has asked for it to be paid back.
    assert_eq!(till.balances().await?, books([("cash", 1000), ("revenue", 1000)]));
    till.done().await
}
