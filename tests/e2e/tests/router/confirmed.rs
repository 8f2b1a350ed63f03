//! Payments of test clients that their users have confirmed.

use crate::till::Till;
use anyhow::Result;
use e2e::text_of;
use serde_json::json;

#[tokio::test]
async fn what_a_user_has_confirmed_belongs_to_the_instant_at_which_that_was_done() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_action").await?;
    let status = async || {
        let shown = till.get(&format!("/users/{user}/entitlement")).await?;
        assert_eq!(shown["entitled"], shown["status"] == "active");
        text_of(&shown, "status").map(str::to_owned)
    };
    assert_eq!(status().await?, "none");
    let pending = till.subscribe(user, "silver").await?.json(201)?;
    assert_eq!(status().await?, "pending");
    till.act(text_of(&pending["payment"], "action_url")?, "succeed").await?.json(200)?;
    // Unpaid it would have lapsed after 23 hours.
    till.advance("2026-04-03T00:00:00Z").await?;
    let bought = till.subscription(&pending["id"]).await?;
    assert_eq!((&bought["status"], &bought["payment"]["refunded"]), (&json!("active"), &json!(0)));
    assert_eq!(bought["start_date"], "2026-04-01T00:00:00.000000Z");
    assert_eq!(status().await?, "active");
    assert_eq!(till.payment_statuses(user).await?, ["succeeded"]);
    till.done().await
}

#[tokio::test]
async fn what_has_waited_behind_a_younger_subscription_entitles_when_it_has_begun() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("gold", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_action").await?;
    let pending = till.subscribe(user, "gold").await?.json(201)?;
    let gift = json!({"gifter_id": user, "recipient_email": "ada@a.org", "plan": "monthly"});
    let gift = till.post("/gift", &gift).await?.json(201)?;
    let given = till.client.redeem(&gift["id"], user).await?.json(200)?;
    till.act(text_of(&pending["payment"], "action_url")?, "succeed").await?.json(200)?;
    till.until_status(&pending["id"], "scheduled").await?;
    let cancel = json!({"subscription_id": given["subscription_id"]});
    till.post("/cancel", &cancel).await?.json(200)?;

    let entitled = till.get(&format!("/users/{user}/entitlement")).await?;
    let names = ["entitled", "status", "plan", "until", "source"];
    let until = "2026-05-01T00:00:00.000000Z";
    let expected = [json!(true), json!("active"), json!("gold"), json!(until), json!("purchase")];
    assert_eq!(names.map(|name| entitled[name].clone()), expected, "{entitled}");
    till.done().await
}
