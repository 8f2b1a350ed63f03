//! POST /gift/redeem.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, ensure_utc, integer_of, text_of};
use serde_json::json;

#[tokio::test]
async fn redeeming_starts_a_subscription() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let gift = client.give(gifter, "BOB@example.com", 4).await?;
    // The case of the email does not matter.
    let recipient = client.create_user("Bob@Example.com").await?;

    let answer = client.redeem(&gift["id"], recipient).await?;
    let list = client.get(&format!("/subscriptions/{recipient}")).await?;
    let gift = client.get(&format!("/gifts/{}", gift["id"])).await?;
    ensure_kept("redemption", &[&answer, &list, &gift]);
    let redemption = answer.json(200)?;
    let (start, end) = (text_of(&redemption, "start_date")?, text_of(&redemption, "end_date")?);
    assert!(stack.is_months_after(start, 4, end).await?, "{redemption}");
    stack.done().await
}

#[tokio::test]
async fn redeeming_while_subscribed_extends_the_running_subscription() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let recipient = client.create_user("bob@example.com").await?;
    let running = client.subscribe(recipient, 1).await?;
    let to_february = stack.months_to_next_february().await?;
    let start = "2024-01-31T10:00:00Z";
    stack.move_start(integer_of(&running, "id")?, start, to_february).await?;

    // From a clamped 28 or 29 February back to the 31st: counted from the first start.
    let gift = client.give(gifter, "bob@example.com", 1).await?;
    let redemption = client.redeem(&gift["id"], recipient).await?.json(200)?;
    assert_eq!(redemption["subscription_id"], running["id"]);
    let end = text_of(&redemption, "end_date")?;
    assert!(end.contains("-03-31T10:00:00"), "{redemption}");
    assert!(stack.is_months_after(start, to_february + 1, end).await?);
    assert_eq!(client.latest_subscription(recipient).await?["end_date"], end);
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn redeeming_after_the_end_starts_afresh() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let recipient = client.create_user("bob@example.com").await?;
    let old = client.subscribe(recipient, 1).await?;
    stack.end_subscription(integer_of(&old, "id")?).await?;

    let gift = client.give(gifter, "bob@example.com", 2).await?;
    let redemption = client.redeem(&gift["id"], recipient).await?.json(200)?;
    assert_ne!(redemption["subscription_id"], old["id"]);
    let (start, end) = (text_of(&redemption, "start_date")?, text_of(&redemption, "end_date")?);
    assert!(stack.is_months_after(start, 2, end).await?);
    stack.done().await
}

#[tokio::test]
async fn second_redeem_of_a_gift_is_rejected() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let recipient = client.create_user("bob@example.com").await?;
    let gift = client.give(gifter, "bob@example.com", 2).await?;
    let redeemed = client.redeem(&gift["id"], recipient).await?.json(200)?;
    let before = client.latest_subscription(recipient).await?;

    let again = client.redeem(&gift["id"], recipient).await?;
    let told = again.refusal(409, "gift_already_redeemed")?;
    assert_eq!(told["subscription_id"], redeemed["subscription_id"]);
    let shown = client.get(&format!("/gifts/{}", gift["id"])).await?.json(200)?;
    assert_eq!(told["redeemed_at"], shown["redeemed_at"]);
    assert_eq!(client.latest_subscription(recipient).await?, before);
    stack.done().await
}

#[tokio::test]
async fn an_expired_gift_is_gone_before_any_sweep() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let recipient = client.create_user("bob@example.com").await?;
    let gift = client.give(gifter, "bob@example.com", 2).await?;
    stack.end_gift(integer_of(&gift, "id")?).await?;

    let shown = client.get(&format!("/gifts/{}", gift["id"])).await?.json(200)?;
    assert_eq!(shown["status"], "expired");
    let problem = client.redeem(&gift["id"], recipient).await?.refusal(410, "gift_expired")?;
    ensure_utc(&problem["expired_at"])?;
    assert_eq!(problem["expired_at"], shown["expires_at"]);
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 0);
    stack.done().await
}

#[tokio::test]
async fn refusals_come_in_an_order_that_tells_a_stranger_nothing() -> Result<()> {
    let stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let gifter = client.create_user("ada@example.com").await?;
    let recipient = client.create_user("bob@example.com").await?;
    let stranger = client.create_user("eve@example.com").await?;
    let nobody = stranger + 1_000;
    let gift = client.give(gifter, "bob@example.com", 2).await?;
    let expired = client.give(gifter, "bob@example.com", 2).await?;
    stack.end_gift(integer_of(&expired, "id")?).await?;

    client.redeem(&json!(4_711), nobody).await?.refusal(404, "gift_not_found")?;
    for state in [&gift, &expired] {
        client.redeem(&state["id"], nobody).await?.refusal(404, "user_not_found")?;
        client.redeem(&state["id"], stranger).await?.refusal(403, "gift_not_recipient")?;
        client.redeem(&state["id"], gifter).await?.refusal(403, "gift_not_recipient")?;
    }

    client.redeem(&gift["id"], recipient).await?.json(200)?;
    // Redeemed, and past its expiry as well.
    stack.end_gift(integer_of(&gift, "id")?).await?;
    client.redeem(&gift["id"], nobody).await?.refusal(404, "user_not_found")?;
    client.redeem(&gift["id"], stranger).await?.refusal(403, "gift_not_recipient")?;
    client.redeem(&gift["id"], recipient).await?.refusal(409, "gift_already_redeemed")?;
    let shown = client.get(&format!("/gifts/{}", gift["id"])).await?.json(200)?;
    assert_eq!(shown["status"], "redeemed");
    stack.done().await
}
